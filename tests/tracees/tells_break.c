/*
 * role: named
 * arch: x86_64
 *
 * The break, and protection keys.
 */
#include "tells.h"

int main(void)
{
	char *end = sbrk(0);

	syscall(SYS_brk, end + PAGE);
	syscall(SYS_brk, end);
	syscall(SYS_brk, 1);
	syscall(SYS_pkey_alloc, 0, 0x77);
	syscall(SYS_pkey_alloc, 5, 1);
	syscall(SYS_pkey_free, -1);
	syscall(SYS_pkey_mprotect, NULL, 0, PROT_READ, 77);
	return 0;
}
