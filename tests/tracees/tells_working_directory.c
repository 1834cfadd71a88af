/*
 * role: named
 * arch: x86_64
 *
 * The working directory, and the root.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	char name[PAGE];

	chdir("/usr");
	syscall(SYS_getcwd, name, sizeof(name));
	syscall(SYS_getcwd, name, 2);
	syscall(SYS_getcwd, WRONG, 100);
	chdir(NOPE);
	chdir(WRONG);
	fchdir(-1);
	chroot(NOPE);
	syscall(SYS_pivot_root, NOPE, NOPE);
	syscall(SYS_acct, NOPE);
	return 0;
}
