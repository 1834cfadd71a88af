/* Makes the same few calls again and again, in itself, a thread and a child, and says what they gave.
 * Its arguments are how often, and for how many milliseconds it sleeps each time: 1 if not given.
 * args: 4
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "must.h"
#include <unistd.h>

static long rounds;
static long sleep_ms;
static __thread volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static long result(long ret)
{
	return ret == -1 ? -errno : ret;
}

static void *calls(void *name)
{
	const struct timespec short_time = { 0, sleep_ms * 1000000 };
	char text[8192];
	int n = 0;

	for (long i = 0; i < rounds; i++) {
		struct utsname name_of = { .sysname = "unset" };
		char path[256] = "unset";
		long high = result(syscall(SYS_sched_get_priority_max, 1));
		long low = result(syscall(SYS_sched_get_priority_min, 1));
		long got = result(syscall(SYS_uname, &name_of));
		long where = result(syscall(SYS_getcwd, path, sizeof(path)));
		long slept = result(syscall(SYS_nanosleep, &short_time, NULL));

		n += snprintf(text + n, sizeof(text) - n, "%s %ld %ld %ld %s %ld %.9s %ld %d\n",
			(char *)name, high, low, got, name_of.sysname, where > 0 ? 0 : where, path,
			slept, (int)signals);
	}
	must(write(1, text, n));
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t thread;
	pid_t pid;

	rounds = argc > 1 ? atol(argv[1]) : 4;
	sleep_ms = argc > 2 ? atol(argv[2]) : 1;
	must(sigaction(SIGUSR1, &action, NULL));
	calls("main");
	must_zero(pthread_create(&thread, NULL, calls, "thread"));
	must_zero(pthread_join(thread, NULL));
	pid = must(fork());
	if (!pid) {
		calls("child");
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	return 0;
}
