/*
 * role: named
 * arch: x86_64
 *
 * Memory that is mapped, moved, protected.
 */
#include "tells.h"

int main(void)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mmap(at, PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	mmap(NULL, 0, PROT_EXEC, MAP_PRIVATE | MAP_POPULATE, 5, PAGE);
	mmap(NULL, -1, 0x100, 0xf, -1, -PAGE);
	mmap((void *)1, PAGE, PROT_READ | PROT_GROWSDOWN,
		MAP_PRIVATE | MAP_STACK | MAP_HUGETLB | 21 << 26, -1, 0);
	mmap(at, PAGE, PROT_READ, MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
		-1, 0);
	mprotect(at, PAGE, PROT_READ | PROT_EXEC);
	mprotect(at + 1, PAGE, PROT_READ);
	mprotect(NULL, 0, PROT_NONE);
	mprotect(at, -1, PROT_GROWSUP | 8);
	mremap(at + PAGE, PAGE, PAGE, 0);
	mremap(at + PAGE, PAGE, 0, MREMAP_MAYMOVE);
	mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, NULL);
	mremap(NULL, 1, 2, 0x77);
	munmap(at, 3 * PAGE);
	munmap(at, 0);
	munmap((void *)3, -1);
	syscall(SYS_remap_file_pages, at, PAGE, 0, 1, MAP_NONBLOCK);
	return 0;
}
