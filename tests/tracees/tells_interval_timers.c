/*
 * role: named
 * arch: x86_64
 *
 * Timers of old.
 */
#include "tells.h"
#include <sys/time.h>

int main(void)
{
	struct itimerval off = { { 0, 0 }, { 0, 0 } }, odd = { { 1, 1000000 }, { -1, 0 } }, old;

	syscall(SYS_alarm, 0);
	setitimer(ITIMER_REAL, &off, &old);
	setitimer(ITIMER_VIRTUAL, &odd, NULL);
	setitimer(99, &off, NULL);
	syscall(SYS_setitimer, ITIMER_PROF, NULL, NULL);
	syscall(SYS_setitimer, ITIMER_PROF, WRONG, WRONG);
	getitimer(ITIMER_VIRTUAL, &old);
	syscall(SYS_getitimer, 7, &old);
	syscall(SYS_getitimer, ITIMER_REAL, NULL);
	return 0;
}
