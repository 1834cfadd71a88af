/* A nanosleep that is stopped and continued goes on by restart_syscall.
 * oracle: no (waits for its child by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

int main(void)
{
	pid_t pid = must(fork());
	int status;

	if (pid == 0)
		_exit(nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL) == 0 ? 17 : 1);
	until_asleep(&pid);
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	must(kill(pid, SIGCONT));
	must(waitpid(pid, &status, 0));
	printf("slept: %d\n", WEXITSTATUS(status));
	return 0;
}
