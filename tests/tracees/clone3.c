/* clone3 with a pidfd; the parent waits through it. */
#define _GNU_SOURCE
#include "must.h"
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	siginfo_t info;
	long pid = must(syscall(SYS_clone3, &args, sizeof(args)));

	if (pid == 0)
		_exit(13);
	must(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
	printf("child %d\n", info.si_status);
	return 0;
}
