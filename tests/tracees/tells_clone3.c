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

static void told_to_memory(void)
{
	int pidfd = -1, tid = -1;
	struct clone_args args = { .exit_signal = SIGCHLD };

	args.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
	args.pidfd = (uintptr_t)&pidfd;
	args.parent_tid = (uintptr_t)&tid;
	if (!syscall(SYS_clone3, &args, 64))
		_exit(5);
	wait4(-1, NULL, 0, NULL);
	args.flags = CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)WRONG;
	if (!syscall(SYS_clone3, &args, sizeof(args)))
		_exit(6);
	wait4(-1, NULL, 0, NULL);
}

static void chosen_pids(void)
{
	int pids[] = { 5, -6, 7 };
	struct clone_args args = { .flags = 1ull << 60, .exit_signal = SIGCHLD };

	args.set_tid = (uintptr_t)pids;
	args.set_tid_size = 2;
	syscall(SYS_clone3, &args, sizeof(args));
	args.set_tid = (uintptr_t)at_the_end(pids, 12);
	syscall(SYS_clone3, &args, sizeof(args));
	args.set_tid_size = 3;
	syscall(SYS_clone3, &args, 80);
	args.set_tid = (uintptr_t)WRONG;
	syscall(SYS_clone3, &args, sizeof(args));
	args.set_tid = 0;
	syscall(SYS_clone3, &args, sizeof(args));
	/* What is beyond the structure that is handed over is not meant. */
	syscall(SYS_clone3, &args, 64);
}

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
	told_to_memory();
	chosen_pids();
	return 0;
}
