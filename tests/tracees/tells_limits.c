/*
 * role: named
 * arch: x86_64
 *
 * Limits of resources.
 */
#include "tells.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit = { 1024, 4096 }, odd = { 5000, 1 };
	uint64_t wide[2] = { 8 * 1024 * 1024, -1 };

	syscall(SYS_getrlimit, RLIMIT_CORE, &limit);
	syscall(SYS_getrlimit, 99, &limit);
	syscall(SYS_getrlimit, RLIMIT_CPU, NULL);
	syscall(SYS_setrlimit, RLIMIT_NOFILE, &odd);
	syscall(SYS_setrlimit, RLIMIT_AS, WRONG);
	syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &wide);
	syscall(SYS_prlimit64, 2147483647, RLIMIT_RTTIME, &wide, NULL);
	wide[0] = 3000;
	wide[1] = 1024;
	syscall(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, wide, WRONG);
	syscall(SYS_prlimit64, 0, -1, WRONG, wide);
	syscall(SYS_getrusage, 99, WRONG);
	syscall(SYS_getrusage, RUSAGE_CHILDREN, WRONG);
	syscall(SYS_times, WRONG);
	return 0;
}
