/* The two ways to ask what lies where in an address space tell the same. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

static int no_ioctl;

static int ask(int fd, unsigned long request, void *query)
{
	if (no_ioctl) {
		errno = ENOTTY; /* before Linux 6.11 */
		return -1;
	}
	return (ioctl)(fd, request, query);
}

#define ioctl(fd, request, query) ask(fd, request, query)
#define ft_maps_find		  maps_find /* beside the core's */
#define ft_maps_close		  maps_close
#define ft_maps_find_in		  maps_find_in
#define ft_maps_gap_in		  maps_gap_in
#define ft_maps_likely_gap	  maps_likely_gap
#include "engine/inline/maps.h"
#include "engine/inline/maps.c"
#undef ioctl

#include <signal.h>
#include <stdlib.h>

#include "check.h"

static int find_by(int by_text, int fd, uint64_t address, bool or_next, struct ft_mapping *out)
{
	no_ioctl = by_text;
	*out = (struct ft_mapping){ 0 };
	return find(fd, address, or_next, out);
}

static void compare(int fd, uint64_t address, bool or_next)
{
	struct ft_mapping by_ioctl, by_text;
	int rc = find_by(0, fd, address, or_next, &by_ioctl);

	CHECK_EQ(find_by(1, fd, address, or_next, &by_text), rc);
	if (rc)
		return;
	CHECK_EQ(by_text.start, by_ioctl.start);
	CHECK_EQ(by_text.end, by_ioctl.end);
	CHECK_EQ(by_text.offset, by_ioctl.offset);
	CHECK_EQ(by_text.inode, by_ioctl.inode);
	CHECK_EQ(by_text.dev, by_ioctl.dev);
	CHECK_EQ(by_text.read << 4 | by_text.write << 3 | by_text.exec << 2 | by_text.shared << 1 |
			 by_text.file,
		by_ioctl.read << 4 | by_ioctl.write << 3 | by_ioctl.exec << 2 |
			by_ioctl.shared << 1 | by_ioctl.file);
}

/* At each edge of each mapping, in an order that goes back and forth, with one descriptor. */
static void test_same_answers(pid_t still)
{
	int fd = open_maps(still);
	struct ft_mapping m = { 0 };
	uint64_t edges[512];
	int n = 0;

	no_ioctl = 1;
	while (n < 500 && find(fd, m.end, true, &m) == 0) {
		edges[n++] = m.start;
		edges[n++] = m.end;
	}
	CHECK(n > 20);
	for (int i = 0; i < n; i++) {
		uint64_t edge = edges[i % 2 ? n - 1 - i / 2 : i / 2];

		for (int or_next = 0; or_next < 2; or_next++) {
			compare(fd, edge - 1, or_next);
			compare(fd, edge, or_next);
			compare(fd, edge + 4096, or_next);
		}
	}
	close(fd);
	check_group("a mapping is the same by PROCMAP_QUERY and in the text");
}

static void test_nobody(void)
{
	const struct ft_space nobody = { .pid = 0x7fffffff };
	struct ft_maps maps = { 0 };
	struct ft_mapping m;

	for (no_ioctl = 0; no_ioctl < 2; no_ioctl++) {
		CHECK_EQ(maps_find(0x7fffffff, 4096, &m), -ENOENT);
		CHECK_EQ(maps_gap_in(&maps, &nobody, 4096, 4096), 0);
	}
	check_group("of a process that is not there nothing is told");
}

static void test_same_gaps(pid_t still)
{
	const struct ft_space space = { .id = 1, .pid = still };
	uint64_t here = (uint64_t)(uintptr_t)test_nobody, by_ioctl;
	struct ft_maps maps = { 0 };

	no_ioctl = 0;
	by_ioctl = maps_gap_in(&maps, &space, here, 0x4000);
	no_ioctl = 1;
	CHECK_EQ(maps_gap_in(&maps, &space, here, 0x4000), by_ioctl);
	CHECK(by_ioctl != 0);
	maps_close(&maps);
	check_group("the same gap is found by both");
}

int main(void)
{
	struct ft_mapping m;
	int fd = open_maps(getpid());
	pid_t still; /* whose memory does not change */

	if (find_by(0, fd, (uint64_t)(uintptr_t)main, false, &m) < 0) {
		printf("skipped: /proc/self/maps cannot be asked\n");
		return 0;
	}
	close(fd);
	still = fork();
	while (!still)
		pause();
	test_nobody();
	test_same_answers(still);
	test_same_gaps(still);
	kill(still, SIGKILL);
	return check_result();
}
