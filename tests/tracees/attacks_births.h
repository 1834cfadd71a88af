/* For attacks.c: tasks that come and go at bad moments. */
#ifndef ATTACKS_BIRTHS_H
#define ATTACKS_BIRTHS_H

#include <sched.h>

#include "attack.h"

static void *brief(void *arg)
{
	for (int i = 0; i < 5; i++)
		raw(SYS_gettid);
	return arg;
}

static void thread(void)
{
	pthread_t t;

	if (!pthread_create(&t, NULL, brief, NULL))
		pthread_detach(t);
}

static void forks(void)
{
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 5; i++)
			getppid();
		_exit(7);
	}
	if (pid > 0 && below(4))
		waitpid(pid, NULL, 0);
	else if (pid > 0)
		kill(pid, SIGKILL);
}

static void burst(void)
{
	for (int i = 0; i < 30; i++)
		if (!fork()) {
			if (below(2))
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
	while (below(8) && waitpid(-1, NULL, 0) > 0)
		continue;
}

static void vforks(void)
{
	pid_t pid = vfork();

	if (!pid) {
		raw(SYS_getppid);
		if (below(2))
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static char shared_stacks[8][16384] __attribute__((aligned(16)));

static int shares(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		raw(SYS_getppid);
	return 0;
}

/* Shares memory, and perhaps more, without being a thread; or with a stack that is none. */
static void clones(void)
{
	char *stack = below(8) ? shared_stacks[below(8)] + sizeof(shared_stacks[0]) : (char *)64;
	int flags = CLONE_VM |
		    (int)one_of(0, CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_UNTRACED) | SIGCHLD;
	pid_t pid = stack == (char *)64 ? (pid_t)raw(SYS_clone, flags & ~CLONE_VM, page(PROT_READ))
					: clone(shares, stack, flags, NULL);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
}

/* In a child: of the threads that do it at the same time one wins. */
static void *execs(void *arg)
{
	execl("/bin/true", "true", NULL);
	return arg;
}

static void exec_races(void)
{
	pid_t pid = fork();
	pthread_t t;

	if (!pid) {
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, below(2) ? execs : brief, NULL);
		if (below(2))
			execs(NULL);
		else if (below(2))
			pthread_exit(NULL);
		_exit(0);
	}
	if (pid > 0 && below(3) == 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Files that cannot be run, some of them only after the point of no return. */
static void bad_execs(void)
{
	static const char *const begin[] = { "#!/proc/self/exe\n", "#!\n", "\177ELF\2\1\1", "" };
	char name[] = "/tmp/attack-XXXXXX", start[4096] = { 0 };
	int from = open("/bin/true", O_RDONLY), fd = mkstemp(name);
	pid_t pid;

	if (below(2))
		write(fd, start, (size_t)read(from, start, 64 + below(4000)));
	else
		write(fd, begin[below(4)], strlen(begin[0]));
	fchmod(fd, 0755);
	close(fd);
	close(from);
	pid = fork();
	if (!pid) {
		execl(name, name, NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	unlink(name);
}

#endif
