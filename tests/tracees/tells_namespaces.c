/*
 * role: named
 * arch: x86_64
 *
 * Namespaces.
 */
#include "tells.h"
#include <sched.h>

int main(void)
{
	unshare(0);
	unshare(0x1000);
	unshare(CLONE_FS);
	setns(-1, CLONE_NEWNET);
	setns(-1, 0);
	setns(1, CLONE_NEWUTS | CLONE_NEWIPC);
	syscall(SYS_personality, 0xffffffff);
	syscall(SYS_personality, 0x0040000);
	syscall(SYS_personality, 0);
	syscall(SYS_arch_prctl, 0x1003, WRONG);
	syscall(SYS_arch_prctl, 0x7777, 5);
	return 0;
}
