/*
 * role: named
 * arch: x86_64
 *
 * ptrace(2) of nobody.
 */
#include "tells.h"
#include <sys/ptrace.h>

int main(void)
{
	syscall(SYS_ptrace, PTRACE_ATTACH, 2147483647, 0, 0);
	syscall(SYS_ptrace, PTRACE_SEIZE, 2147483647, 0, 0x77);
	syscall(SYS_ptrace, PTRACE_CONT, 2147483647, 1, 9);
	syscall(SYS_ptrace, PTRACE_PEEKDATA, 2147483647, WRONG, WRONG);
	syscall(SYS_ptrace, 0x9999, 2147483647, 1, 2);
	syscall(SYS_perf_event_open, WRONG, -1, -1, -1, 0x77);
	return 0;
}
