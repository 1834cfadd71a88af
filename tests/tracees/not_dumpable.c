/* Makes itself non-dumpable, so that its /proc files are root's, then calls, forks, has threads and execs.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void *calls(void *arg)
{
	long ppid = getppid();

	for (int i = 0; i < 20; i++)
		expect(getppid() == ppid && access("/", R_OK) == 0 &&
			syscall(SYS_nfsservctl) == -1);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;

	calls(argv);
	if (argc > 1)
		return prctl(PR_GET_DUMPABLE) == 1 ? 42 : 1;
	must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	calls(NULL);
	must_zero(pthread_create(&t, NULL, calls, NULL));
	must_zero(pthread_join(t, NULL));
	printf("child %d\n", in_child(calls(NULL); _exit(prctl(PR_GET_DUMPABLE))));
	printf("exec %d\n",
		in_child(execl("/proc/self/exe", "not_dumpable", "again", NULL); _exit(errno)));
	return 0;
}
