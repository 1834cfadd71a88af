/* While its leader, or (thread) another thread is in uname for ever, the other of the two execs. Says so.
 * args: leader
 * oracle: no (how often uname is called is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static volatile int again;

static void *name_for_ever(void *arg)
{
	struct utsname name;

	(void)arg;
	again = 1;
	for (;;)
		must(syscall(SYS_uname, &name));
}

static void *exec_again(void *arg)
{
	while (!again)
		continue;
	for (int i = 0; i < 100; i++)
		must(syscall(SYS_getppid));
	execl("/proc/self/exe", "exec_over_delayed", NULL);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2) {
		puts("again");
		return 0;
	}
	if (!strcmp(argv[1], "leader")) {
		must_zero(pthread_create(&thread, NULL, exec_again, NULL));
		name_for_ever(NULL);
	}
	must_zero(pthread_create(&thread, NULL, name_for_ever, NULL));
	exec_again(NULL);
	return 1;
}
