/*
 * role: named
 * arch: x86_64
 *
 * How processes are scheduled.
 */
#include "tells.h"
#include <sched.h>

int main(void)
{
	struct sched_param param = { 1 };
	struct timespec slice;
	char attr[64];

	sched_getscheduler(0);
	sched_getscheduler(-1);
	sched_setscheduler(0, SCHED_IDLE, &param);
	sched_setscheduler(2147483647, SCHED_RR, &param);
	sched_setscheduler(0, 99, WRONG);
	sched_getparam(0, &param);
	sched_getparam(0, NULL);
	sched_setparam(2147483647, &param);
	sched_get_priority_max(SCHED_FIFO);
	sched_get_priority_min(99);
	sched_rr_get_interval(-1, &slice);
	sched_yield();
	memset(attr, 0, sizeof(attr));
	syscall(SYS_sched_getattr, 2147483647, attr, 48, 0);
	syscall(SYS_sched_getattr, 0, attr, 7, 0);
	syscall(SYS_sched_setattr, 2147483647, attr, 0);
	syscall(SYS_sched_setattr, 0, WRONG, 5);
	syscall(SYS_ioprio_get, 1, 0);
	syscall(SYS_ioprio_get, 9, -1);
	syscall(SYS_ioprio_set, 1, 2147483647, 2 << 13 | 4);
	syscall(SYS_ioprio_set, 9, 0, -1);
	return 0;
}
