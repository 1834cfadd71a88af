/*
 * role: named
 * arch: x86_64
 *
 * clone3(2): children and errors.
 */
#include "tells.h"
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>

int main(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct {
		struct clone_args args;
		uint64_t more;
	} larger = { { .flags = CLONE_FS, .exit_signal = 99 }, 5 };

	if (!syscall(SYS_clone3, &args, sizeof(args)))
		_exit(3);
	wait4(-1, NULL, 0, NULL);
	if (!syscall(SYS_clone3, &args, 64))
		_exit(4);
	wait4(-1, NULL, 0, NULL);
	args.exit_signal = 1000;
	syscall(SYS_clone3, &args, sizeof(args));
	args.flags = 0xffffff00ffffffffULL & ~0xffULL;
	syscall(SYS_clone3, &args, sizeof(args));
	syscall(SYS_clone3, &larger, 64);
	syscall(SYS_clone3, NULL, 64);
	syscall(SYS_clone3, WRONG, 64);
	syscall(SYS_clone3, at_the_end(&args, 64), 64);
	return 0;
}
