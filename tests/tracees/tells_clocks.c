/*
 * role: named
 * arch: x86_64
 *
 * Clocks, but what they show.
 */
#include "tells.h"
#include <sys/time.h>
#include <time.h>

int main(void)
{
	struct timespec time = { 5, 1000000000 };
	struct timeval old = { 1, -1 };
	struct timezone zone = { 60, 1 };

	syscall(SYS_clock_getres, CLOCK_REALTIME, &time);
	syscall(SYS_clock_getres, CLOCK_MONOTONIC_COARSE, NULL);
	syscall(SYS_clock_getres, 99, &time);
	syscall(SYS_clock_gettime, 99, &time);
	syscall(SYS_clock_gettime, CLOCK_BOOTTIME, WRONG);
	syscall(SYS_clock_settime, CLOCK_MONOTONIC, &time);
	syscall(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, WRONG);
	syscall(SYS_settimeofday, &old, NULL);
	syscall(SYS_settimeofday, WRONG, &zone);
	syscall(SYS_gettimeofday, WRONG, NULL);
	syscall(SYS_gettimeofday, NULL, NULL);
	syscall(SYS_time, WRONG);
	return 0;
}
