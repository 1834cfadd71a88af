/*
 * role: named
 * arch: x86_64
 *
 * Rights are asked for.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	syscall(SYS_access, "/etc/passwd", F_OK);
	syscall(SYS_access, NOPE, R_OK | W_OK | X_OK);
	syscall(SYS_access, WRONG, 077);
	syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", R_OK);
	syscall(SYS_faccessat2, AT_FDCWD, "/etc/passwd", W_OK | 8,
		AT_EACCESS | AT_SYMLINK_NOFOLLOW);
	syscall(SYS_faccessat2, 77, "x", 0, AT_EMPTY_PATH | 0x4000);
	return 0;
}
