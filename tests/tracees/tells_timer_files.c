/*
 * role: named
 * arch: x86_64
 *
 * Timers that are files.
 */
#include "tells.h"
#include <sys/timerfd.h>

int main(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct itimerspec off = { { 0, 0 }, { 0, 0 } }, odd = { { 0, 1000000000 }, { 1, 0 } }, old;

	timerfd_create(99, 0);
	timerfd_create(CLOCK_REALTIME_ALARM, 0x77);
	timerfd_settime(fd, 0, &off, &old);
	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &odd, NULL);
	timerfd_settime(fd, 0x70, WRONG, NULL);
	timerfd_settime(-1, 0, &off, NULL);
	timerfd_gettime(fd, &old);
	timerfd_gettime(fd, WRONG);
	read(fd, &old, 8);
	return 0;
}
