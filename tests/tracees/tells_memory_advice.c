/*
 * role: named
 * arch: x86_64
 *
 * What is wanted of memory.
 */
#include "tells.h"

int main(void)
{
	char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(at, PAGE, MADV_WILLNEED);
	madvise(at, PAGE, MADV_FREE);
	madvise(at + 1, PAGE, MADV_HUGEPAGE);
	madvise(at, PAGE, 7777);
	msync(at, PAGE, MS_ASYNC | MS_INVALIDATE);
	msync(at, PAGE, 0x70);
	mlock(at, PAGE);
	munlock(at, PAGE);
	syscall(SYS_mlock2, at, PAGE, 1);
	syscall(SYS_mlock2, NULL, -1, 0x10);
	mlockall(0);
	mlockall(MCL_FUTURE | 0x80);
	munlockall();
	syscall(SYS_membarrier, 1 << 20, 0, 0);
	syscall(SYS_process_madvise, -1, WRONG, 1, MADV_COLD, 0);
	return 0;
}
