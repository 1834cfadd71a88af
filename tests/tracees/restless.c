/* Threads and children that come, make calls and go without end; all die with the first process.
 * role: endless
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *calls(void *arg)
{
	for (int i = 0; i < 200; i++) {
		syscall(SYS_gettid);
		write(-1, "", 0);
	}
	return arg;
}

static void *threads(void *arg)
{
	pthread_t t;

	for (;;) {
		must_zero(pthread_create(&t, NULL, calls, NULL));
		must_zero(pthread_join(t, NULL));
	}
	return arg;
}

int main(void)
{
	pthread_t t;

	must_zero(pthread_create(&t, NULL, threads, NULL));
	for (;;) {
		pid_t child = must(fork());

		if (!child) {
			must(prctl(PR_SET_PDEATHSIG, SIGKILL));
			calls(NULL);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		must(waitpid(child, NULL, 0));
	}
}
