/* Assertions of the C tests: a group of checks prints one line; check_result() is main's result. */
#ifndef FT_CHECK_H
#define FT_CHECK_H

#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* Threads check, too. */
static _Atomic int check_failed, check_count;
static int check_failed_in_all;

#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_EQ(a, b)	 check_equal((int64_t)(a), (int64_t)(b), __FILE__, __LINE__, #a " == " #b)

static inline void check_that(int holds, const char *file, int line, const char *text)
{
	check_count++;
	if (holds)
		return;
	check_failed++;
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
}

static inline void check_equal(int64_t a, int64_t b, const char *file, int line, const char *text)
{
	check_count++;
	if (a == b)
		return;
	check_failed++;
	fprintf(stderr, "%s:%d: not so: %s (%" PRId64 ", %" PRId64 ")\n", file, line, text, a, b);
}

/* Ends a group. */
static inline void check_group(const char *promise)
{
	printf("%s: %s (%d checks)\n", check_failed ? "FAILED" : "ok", promise, check_count);
	fflush(stdout);
	check_failed_in_all += check_failed;
	check_failed = check_count = 0;
}

static inline int check_result(void)
{
	return check_failed_in_all ? 1 : 0;
}

/* How many this process has: what is left open shows in a second look. */
static inline int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
