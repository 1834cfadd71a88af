/*
 * role: named
 * arch: x86_64
 * oracle: no (strace -c 6.1 dies of the number 0x7fffffff)
 *
 * Numbers that no table has.
 */
#include "tells.h"

int main(void)
{
	syscall(333 + 66);
	syscall(600, 1, 2, 3, 4, 5, 6);
	syscall(0x7fffffff, -1, 0, WRONG, "text", 1L << 63, 7);
	syscall(-1, 1, 2, 3);
	syscall(SYS_getrandom, WRONG, 5, 1);
	syscall(SYS_getrandom, NULL, 0, 0x77);
	return 0;
}
