/*
 * role: named
 * arch: x86_64
 *
 * Timers that a process makes.
 */
#include "tells.h"
#include <signal.h>
#include <time.h>

int main(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5
	};
	struct itimerspec off = { { 0, 0 }, { 0, 0 } }, odd = { { 0, -1 }, { 5, 1000000000 } }, old;
	int id = 0;

	syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
	syscall(SYS_timer_settime, id, 0, &off, &old);
	syscall(SYS_timer_settime, id, TIMER_ABSTIME, &odd, NULL);
	syscall(SYS_timer_settime, 999, 0x77, WRONG, WRONG);
	syscall(SYS_timer_gettime, id, &old);
	syscall(SYS_timer_gettime, -1, &old);
	syscall(SYS_timer_getoverrun, id);
	syscall(SYS_timer_delete, id);
	syscall(SYS_timer_delete, id);
	event.sigev_notify = SIGEV_NONE;
	syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id);
	event.sigev_notify = SIGEV_THREAD;
	syscall(SYS_timer_create, 99, &event, &id);
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = 77;
	syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id);
	event.sigev_notify = 99;
	syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id);
	syscall(SYS_timer_create, CLOCK_REALTIME, NULL, WRONG);
	syscall(SYS_timer_create, CLOCK_REALTIME, WRONG, &id);
	return 0;
}
