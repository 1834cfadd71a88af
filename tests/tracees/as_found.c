/*
 * What is mapped into it and what it has open, a line each: as_found now; of a child (fork 0 LIMIT); once
 * COUNT threads have come and gone (threads COUNT LIMIT); of itself after an exec (exec 0 LIMIT). LIMIT is what
 * RLIMIT_AS becomes before that: bytes, or +KIB or -KIB from what is mapped.
 * args: now
 * build: -static
 * role: named
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* No memory is asked for in here. */
static char text[1 << 16], lines[1 << 16];
static int length;

static void read_all(const char *path)
{
	int fd = must(open(path, O_RDONLY));
	ssize_t n;
	int at = 0;

	while ((n = must(read(fd, text + at, sizeof(text) - 1 - at))) > 0)
		at += n;
	text[at] = 0;
	close(fd);
}

static void tell_maps(void)
{
	char *rest = NULL;

	read_all("/proc/self/maps");
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long start, end;
		char access[8], name[256] = "";

		sscanf(line, "%lx-%lx %7s %*s %*s %*s %255[^\n]", &start, &end, access, name);
		if (strcmp(name, "[stack]") && strcmp(name, "[heap]"))
			length +=
				sprintf(lines + length, "%s %#lx %s\n", access, end - start, name);
	}
}

static void tell_descriptors(void)
{
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			length += sprintf(lines + length, "descriptor %d\n", fd);
}

static void tell(void)
{
	tell_maps();
	tell_descriptors();
	must(write(1, lines, length));
}

static unsigned long mapped_now(void)
{
	read_all("/proc/self/statm");
	return strtoul(text, NULL, 10) * 4096;
}

static void limit_memory(const char *to)
{
	struct rlimit now;

	must(getrlimit(RLIMIT_AS, &now));
	now.rlim_cur = strtoul(to, NULL, 10);
	if (*to == '+' || *to == '-')
		now.rlim_cur = mapped_now() + strtol(to, NULL, 10) * 1024;
	must(setrlimit(RLIMIT_AS, &now));
}

static pthread_barrier_t all_here;

static void *run(void *arg)
{
	pthread_barrier_wait(&all_here);
	return arg;
}

/* Where memory is short some of them cannot be made: then those that wait for them are told. */
static void run_threads(int count)
{
	pthread_t threads[64];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 16);
	pthread_barrier_init(&all_here, NULL, count + 1);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], &attr, run, NULL))
			exit(3);
	pthread_barrier_wait(&all_here);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	char *again[] = { argv[0], "now", NULL };
	int status;

	if (argc > 3)
		limit_memory(argv[3]);
	switch (argv[1][0]) {
	case 'f':
		if (!must(fork())) {
			tell();
			_exit(0);
		}
		must(wait(&status));
		return status != 0;
	case 't':
		run_threads(atoi(argv[2]));
		break;
	case 'e':
		execv(argv[0], again);
		return 2;
	}
	tell();
	return 0;
}
