/* Another process's memory: strings that end at, cross or run over the end of readable pages. */
#define _GNU_SOURCE
#include "kernel/proc.h"
#include "kernel/reader.h"
#include "kernel/remote.h"
#include "kernel/watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096

static char *map; /* three readable pages, then one that is not */
static pid_t child;

static ssize_t get(const char *at, char *buf, size_t max, int *truncated)
{
	memset(buf, 0x55, max);
	return ft_remote_string(child, (uintptr_t)at, buf, max, truncated);
}

static void test_strings(void)
{
	char buf[PAGE];
	int truncated;

	CHECK_EQ(get(map, buf, sizeof(buf), &truncated), 5);
	CHECK(!truncated && !memcmp(buf, "first", 5));
	CHECK_EQ(get(map + 5, buf, sizeof(buf), &truncated), 0);
	CHECK(!truncated);
	CHECK_EQ(get(map + PAGE - 6, buf, sizeof(buf), &truncated), 12);
	CHECK(!truncated && !memcmp(buf, "over the end", 12));
	/* From 256 bytes on it is read in several bites. */
	CHECK_EQ(get(map + 100, buf, sizeof(buf), &truncated), 1000);
	CHECK(!truncated && buf[0] == 'l' && buf[999] == 'l');
	CHECK_EQ(get(map + 100, buf, 1000, &truncated), 1000);
	CHECK(truncated);
	CHECK_EQ(get(map + 100, buf, 10, &truncated), 10);
	CHECK(truncated);
	CHECK_EQ(get(map + 100, buf, 0, &truncated), 0);
}

static void test_faults(void)
{
	char buf[2 * PAGE];
	int truncated;

	CHECK_EQ(get(map + 3 * PAGE - 8, buf, sizeof(buf), &truncated), 8);
	CHECK(truncated && !memcmp(buf, "runs out", 8));
	CHECK_EQ(get(map + 3 * PAGE - PAGE, buf, sizeof(buf), &truncated), PAGE);
	CHECK(truncated);
	CHECK_EQ(get(map + 3 * PAGE, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK_EQ(get(NULL, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK_EQ(get((char *)-1, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK_EQ(get((char *)-PAGE, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK_EQ(get((char *)0x7ffffffff000, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK_EQ(get((char *)0x8000000000000000, buf, sizeof(buf), &truncated), -EFAULT);
}

static void test_proc(void)
{
	char buf[4096], small[4];
	ssize_t n = ft_proc_read(child, "status", buf, sizeof(buf) - 1);

	CHECK(n > 0);
	buf[n > 0 ? n : 0] = 0;
	CHECK_EQ(ft_proc_status_field(buf, "Pid"), child);
	CHECK_EQ(ft_proc_status_field(buf, "Tgid"), child);
	CHECK_EQ(ft_proc_status_field(buf, "PPid"), getpid());
	CHECK_EQ(ft_proc_status_field(buf, "TracerPid"), 0);
	CHECK_EQ(ft_proc_status_field(buf, "NoSuchKey"), -1);
	CHECK_EQ(ft_proc_status_field("", "Pid"), -1);
	CHECK_EQ(ft_proc_status_field("PPid:\t1\nPid:\t77", "Pid"), 77);
	CHECK_EQ(ft_proc_state(getpid()), 'R');
	CHECK_EQ(ft_proc_state(-1), 0);
	CHECK(!strncmp(ft_proc_stat_field("7 (a) S 3 (x) R) S 4 5", 4), "4 5", 4));
	CHECK(!ft_proc_stat_field("7 (name) S 4", 5));
	CHECK(!ft_proc_stat_field("7 (name", 3));
	CHECK_EQ(ft_proc_read(child, "comm", small, sizeof(small)), sizeof(small));
	CHECK_EQ(ft_proc_read(child, "no such file", buf, sizeof(buf)), -ENOENT);
}

static void nobody_is_late(void *arg)
{
	(void)arg;
}

/* Each of them by itself could be read, or the first `whole` of them. */
static void check_pieces(struct ft_reader *r, const struct ft_piece *pieces, size_t n, size_t whole,
	const char *text)
{
	uint8_t buf[4 * PAGE];

	memset(buf, 0x55, sizeof(buf));
	CHECK_EQ(ft_reader_pieces(r, child, pieces, n, buf), whole);
	CHECK(!memcmp(buf, text, strlen(text)));
}

static void test_pieces(void)
{
	const uint64_t at = (uintptr_t)map;
	struct ft_piece three[3] = { { at + PAGE - 6, 12 }, { at, 5 }, { at + 3 * PAGE - 8, 8 } };
	struct ft_piece ends[3] = { { at, 5 }, { at + 3 * PAGE - 8, 9 }, { at, 5 } };
	struct ft_piece bad[2] = { { at, 5 }, { UINT64_MAX - 2, 8 } };
	struct ft_piece many[200];
	struct ft_watchdog *watchdog;
	struct ft_reader *r;

	CHECK_EQ(ft_watchdog_new(&watchdog, nobody_is_late, NULL), 0);
	CHECK_EQ(ft_reader_new(watchdog, NULL, &r), 0);
	check_pieces(r, three, 3, 3, "over the endfirstruns out");
	check_pieces(r, three, 0, 0, "");
	check_pieces(r, ends, 3, 1, "first");
	check_pieces(r, ends + 1, 2, 0, "");
	check_pieces(r, bad, 2, 1, "first");
	for (size_t i = 0; i < 200; i++)
		many[i] = (struct ft_piece){ at + i % 5, 1 };
	check_pieces(r, many, 200, 128, "firstfirstfirst");
	ft_reader_free(r);
	ft_watchdog_free(watchdog);
}

int main(void)
{
	char buf[16];
	int gate[2], truncated, status;

	map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || pipe(gate) < 0)
		abort();
	strcpy(map, "first");
	memset(map + 100, 'l', 1000);
	strcpy(map + PAGE - 6, "over the end");
	memset(map + 2 * PAGE, 'x', PAGE);
	memcpy(map + 3 * PAGE - 8, "runs out", 8);
	mprotect(map + 3 * PAGE, PAGE, PROT_NONE);
	child = fork();
	if (child == 0) {
		close(gate[1]);
		_exit(read(gate[0], buf, 1) != 0);
	}
	memset(map, 'p', 3 * PAGE); /* the parent's is not what is to be read */
	test_strings();
	check_group("strings of another process");
	test_faults();
	check_group("what cannot be read is an error, what can be is kept");
	test_pieces();
	check_group("pieces of its memory at once, up to the first that is not there");
	test_proc();
	check_group("files of /proc");
	close(gate[1]);
	waitpid(child, &status, 0);
	CHECK_EQ(get(map, buf, sizeof(buf), &truncated), -EFAULT);
	CHECK(ft_proc_read(child, "status", buf, sizeof(buf)) < 0);
	check_group("a process that has gone");
	return check_result();
}
