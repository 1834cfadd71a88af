/*
 * Threads that meet every descriptor which is not theirs: one opens and closes the lowest, and one looks
 * at those above. New threads come all the while; files: children that share its descriptors, too. Says
 * which it met.
 * role: attach
 * counted: no (its threads may make more calls meanwhile than the kernel's buffer holds)
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MORE  40
#define ABOVE 8

static int lowest, met, ends, had[ABOVE];

static void note(int fd)
{
	__atomic_store_n(&met, fd, __ATOMIC_RELAXED);
}

static int is_over(void)
{
	return __atomic_load_n(&ends, __ATOMIC_RELAXED);
}

static void *opens(void *arg)
{
	while (!is_over()) {
		int fd = must(open("/dev/null", O_RDONLY));

		if (fd != lowest)
			note(lowest);
		close(fd);
	}
	return arg;
}

static void *looks(void *arg)
{
	while (!is_over())
		for (int i = 1; i < ABOVE; i++)
			if (fcntl(lowest + i, F_GETFD) >= 0 && !had[i])
				note(lowest + i);
	return arg;
}

static void *waits(void *arg)
{
	while (!is_over())
		usleep(20000);
	return arg;
}

/* A child with the same descriptors and memory of its own. */
static void share_with_child(void)
{
	pid_t pid = must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));

	if (!pid) {
		getppid();
		syscall(SYS_exit_group, 0);
	}
	must(waitpid(pid, NULL, 0));
}

int main(int argc, char **argv)
{
	pthread_t threads[2 + MORE];
	char byte;

	lowest = must(open("/dev/null", O_RDONLY));
	close(lowest);
	for (int i = 1; i < ABOVE; i++)
		had[i] = fcntl(lowest + i, F_GETFD) >= 0;
	pthread_create(&threads[0], NULL, opens, NULL);
	pthread_create(&threads[1], NULL, looks, NULL);
	puts("ready");
	fflush(stdout);
	for (int i = 2; i < 2 + MORE; i++) {
		usleep(1000);
		if (pthread_create(&threads[i], NULL, waits, NULL))
			return 3;
		if (argc > 1 && !strcmp(argv[1], "files"))
			share_with_child();
	}
	while (must(read(0, &byte, 1)) > 0)
		;
	__atomic_store_n(&ends, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2 + MORE; i++)
		pthread_join(threads[i], NULL);
	if (met)
		printf("met descriptor %d\n", met);
	else
		puts("met none");
	return 0;
}
