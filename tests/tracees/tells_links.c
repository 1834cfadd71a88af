/*
 * role: named
 * arch: x86_64
 *
 * Names that lead to files.
 */
#include "tells.h"
#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	char text[20];

	syscall(SYS_link, NOPE, "x");
	syscall(SYS_symlink, "target", NOPE);
	syscall(SYS_readlink, "/proc/self/exe/no", text, sizeof(text));
	syscall(SYS_readlink, "/dev/stdin", text, 3);
	syscall(SYS_readlink, "/dev/stdin", text, sizeof(text));
	syscall(SYS_readlink, "/dev/stdin", WRONG, 5);
	syscall(SYS_readlink, "/etc/passwd", text, 0);
	syscall(SYS_readlinkat, AT_FDCWD, "/dev/stdin", text, 15);
	syscall(SYS_unlink, NOPE);
	syscall(SYS_unlinkat, AT_FDCWD, NOPE, AT_REMOVEDIR);
	syscall(SYS_unlinkat, 7, "x", 0x77);
	syscall(SYS_rename, NOPE, NOPE);
	syscall(SYS_renameat, AT_FDCWD, NOPE, 5, "x");
	syscall(SYS_renameat2, AT_FDCWD, NOPE, AT_FDCWD, NULL,
		RENAME_EXCHANGE | RENAME_NOREPLACE | 16);
	syscall(SYS_linkat, AT_FDCWD, NOPE, 5, "x", AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);
	syscall(SYS_symlinkat, WRONG, AT_FDCWD, NOPE);
	return 0;
}
