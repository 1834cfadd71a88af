/*
 * role: named
 * arch: x86_64
 *
 * Sets of processors.
 */
#include "tells.h"
#include <sched.h>

int main(void)
{
	unsigned long set[2] = { -1, -1 };

	syscall(SYS_sched_getaffinity, 2147483647, 16, set);
	syscall(SYS_sched_getaffinity, 0, 3, set);
	syscall(SYS_sched_getaffinity, 0, 128, WRONG);
	set[0] = 0;
	set[1] = 0;
	syscall(SYS_sched_setaffinity, 0, 8, set);
	syscall(SYS_sched_setaffinity, 2147483647, 16, set);
	syscall(SYS_sched_setaffinity, 0, 8, WRONG);
	syscall(SYS_sched_setaffinity, 0, 0, set);
	syscall(SYS_getcpu, NULL, WRONG, NULL);
	return 0;
}
