/*
 * role: named
 * arch: x86_64
 *
 * Sleeps, short and impossible.
 */
#include "tells.h"
#include <time.h>

int main(void)
{
	struct timespec brief = { 0, 1 }, odd = { 0, 1000000000 }, past = { 1, 1 }, left;

	syscall(SYS_nanosleep, &brief, &left);
	syscall(SYS_nanosleep, &odd, NULL);
	syscall(SYS_nanosleep, NULL, NULL);
	syscall(SYS_nanosleep, WRONG, WRONG);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &brief, NULL);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, &left);
	syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0x77, &brief, &left);
	syscall(SYS_clock_nanosleep, 99, 0, &odd, NULL);
	return 0;
}
