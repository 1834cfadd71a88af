/* Texts as pages of /proc have them: whatever they say nothing else is read, and what is found stands there. */
#define _GNU_SOURCE
#include "engine/inline/inline.h"
#include "engine/inline/maps.h"
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/scheduling.h"

/* The text, as what these open: their own names are those of the core, which is here as well. */
static int text;

static int open_text(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", text); /* with a position of its own */
	return (int)syscall(SYS_open, path, O_RDONLY | O_CLOEXEC);
}

#define open(...)  open_text()
#define ioctl(...) (errno = ENOTTY, -1)

#define ft_maps_find	   fuzz_maps_find
#define ft_maps_close	   fuzz_maps_close
#define ft_maps_find_in	   fuzz_maps_find_in
#define ft_maps_gap_in	   fuzz_maps_gap_in
#define ft_maps_likely_gap fuzz_maps_likely_gap
#include "engine/inline/maps.c"
#undef GUARD
#define ft_proc_read	     fuzz_proc_read
#define ft_proc_open	     fuzz_proc_open
#define ft_proc_is_ours	     fuzz_proc_is_ours
#define ft_proc_status_field fuzz_proc_status_field
#define ft_proc_status_list  fuzz_proc_status_list
#define ft_proc_status_mask  fuzz_proc_status_mask
#define ft_proc_stat_field   fuzz_proc_stat_field
#define ft_proc_text	     fuzz_proc_text
#define ft_proc_mask_field   fuzz_proc_mask_field
#define ft_proc_state	     fuzz_proc_state
#define ft_proc_schedstat    fuzz_proc_schedstat
#define ft_proc_ran	     fuzz_proc_ran
#define ft_proc_comm	     fuzz_proc_comm
#define ft_proc_has_thread   fuzz_proc_has_thread
#include "kernel/proc.c"
#define ft_scheduling_quicken fuzz_scheduling_quicken
#define ft_scheduling_start   fuzz_scheduling_start
#define ft_scheduling_note    fuzz_scheduling_note
#define ft_scheduling_end     fuzz_scheduling_end
#define ft_scheduling_help    fuzz_scheduling_help
#define ft_scheduling_home    fuzz_scheduling_home
#define ft_scheduling_thread  fuzz_scheduling_thread
#include "kernel/scheduling.c"
#undef open
#undef ioctl

#define MAPPINGS 12
#define GAP	 0x4000
#define TOP	 0x800000000000ull

static void put(const void *bytes, size_t size)
{
	REQUIRE(!ftruncate(text, 0));
	REQUIRE(pwrite(text, bytes, size, 0) == (ssize_t)size);
}

/* Mappings as the kernel tells of them: in order, none over another. */
static int put_maps(struct input *in, struct ft_mapping *list)
{
	char all[MAPPINGS * 200];
	uint64_t at = 0x10000;
	size_t len = 0;
	int n = 0;

	while (n < MAPPINGS && in->at < in->end) {
		struct ft_mapping *m = &list[n++];
		uint8_t how = (uint8_t)take(in, 1);

		at += take(in, 3) << (12 + (how & 15));
		m->start = at;
		at += (1 + take(in, 2)) << 12;
		if (at >= TOP) {
			n--;
			break;
		}
		m->end = at;
		m->inode = how & 16 ? take(in, 4) : 0;
		m->exec = how & 32;
		m->shared = how & 64;
		/* What the kernel does with a file's name: a newline is written as \012. */
		len += (size_t)snprintf(all + len, sizeof(all) - len,
			"%08lx-%08lx r-%c%c 00000000 fe:00 %lu%*s%s\n", (long)m->start,
			(long)m->end, m->exec ? 'x' : '-', m->shared ? 's' : 'p', (long)m->inode,
			how & 63, "", how & 128 ? "/a b\\012c-d 00-ff" : "");
	}
	put(all, len);
	return n;
}

static void find_all(const struct ft_mapping *list, int n)
{
	for (int i = 0; i <= n; i++) {
		uint64_t after = i ? list[i - 1].end : 0, before = i < n ? list[i].start : TOP;
		struct ft_mapping m;

		if (after < before) {
			int fd = open_text(), rc = find(fd, after, true, &m);

			close(fd);
			REQUIRE(rc == (i < n ? 0 : -ENOENT));
			REQUIRE(i == n || m.start == list[i].start);
			REQUIRE(fuzz_maps_find(1, before - 1, &m) == -ENOENT);
		}
		if (i == n)
			break;
		REQUIRE(!fuzz_maps_find(1, list[i].end - 1, &m));
		REQUIRE(m.start == list[i].start && m.end == list[i].end &&
			m.inode == list[i].inode);
		REQUIRE(m.exec == list[i].exec && m.shared == list[i].shared &&
			m.file == (m.inode != 0));
	}
}

static uint64_t gap_near(uint64_t address)
{
	const struct ft_space space = { .pid = 1 };
	struct ft_maps maps = { 0 };
	uint64_t found = fuzz_maps_gap_in(&maps, &space, address, GAP);

	fuzz_maps_close(&maps);
	return found;
}

static void gap(const struct ft_mapping *list, int n, uint64_t address)
{
	const uint64_t found = gap_near(address);
	uint64_t away = found > address ? found - address : address - found;

	if (!found)
		return;
	REQUIRE(away < 0x7fff0000);
	for (int i = 0; i < n; i++)
		REQUIRE(list[i].end <= found || list[i].start >= found + GAP);
}

static void any_text(struct input *in)
{
	size_t size = (size_t)(in->end - in->at);
	char *copy = malloc(size + 1); /* of just that size */
	uint64_t ran, waited;
	struct ft_mapping m;
	pid_t ids[3];

	memcpy(copy, in->at, size);
	copy[size] = 0;
	put(copy, size);
	fuzz_proc_status_field(copy, "Tgid");
	REQUIRE(fuzz_proc_status_list(copy, "NSpid", ids, 3) <= 3);
	fuzz_proc_status_mask(1, "SigIgn");
	fuzz_maps_find(1, 0x1000, &m);
	gap_near(0x555555554000);
	REQUIRE(processor_of(1) >= -1 || memchr(copy, '-', size));
	fuzz_proc_state(1);
	fuzz_proc_schedstat(text, &ran, &waited);
	free(copy);
}

/* A number behind its name is found, whatever stands around it, as far as that is lines. */
static void a_field(struct input *in)
{
	static const char *const others[] = { "Name:\tTgid:\n", "Tgidd:\t1\n", "\n", "X\n", ":\n",
		"\tTgid:\t7\n" };
	long value = (long)(take(in, 4) & 0x7fffffff);
	char all[512] = "";
	size_t len = 0;

	for (int i = 0; i < 6; i++)
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%s", others[take(in, 1) % 6]);
	snprintf(all + len, sizeof(all) - len, "Tgid:\t%ld\nSigIgn:\t%016lx", value, (long)value);
	REQUIRE(fuzz_proc_status_field(all, "Tgid") == value);
	put(all, strlen(all));
	REQUIRE(fuzz_proc_status_mask(1, "SigIgn") == (uint64_t)value);
	/* A name may hold anything. */
	snprintf(all, sizeof(all), "1 (%s) ) S) R 1 1 1", others[take(in, 1) % 6]);
	for (int field = 7; field < 39; field++)
		strcat(all, " 0");
	snprintf(all + strlen(all), 32, " %ld 0\n", value & 1023);
	put(all, strlen(all));
	REQUIRE(processor_of(1) == (int)(value & 1023));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ft_mapping list[MAPPINGS];
	struct input in = { data, data + size };
	int n;

	if (!text)
		text = memfd_create("text", MFD_CLOEXEC);
	REQUIRE(text > 0);
	switch (take(&in, 1) % 3) {
	case 0:
		any_text(&in);
		break;
	case 1:
		a_field(&in);
		break;
	default:
		n = put_maps(&in, list);
		find_all(list, n);
		if (n)
			gap(list, n, list[size % (size_t)n].start);
	}
	return 0;
}
