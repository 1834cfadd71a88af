/*
 * role: named
 * arch: x86_64
 *
 * Owners and permissions of files that are not there.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
	syscall(SYS_chmod, NOPE, 04755);
	syscall(SYS_fchmod, -1, 0);
	syscall(SYS_fchmodat, AT_FDCWD, NOPE, 01);
	syscall(SYS_chown, NOPE, 0, -1);
	syscall(SYS_fchown, -1, -1, 65534);
	syscall(SYS_lchown, NOPE, 4000000000UL, 1);
	syscall(SYS_fchownat, AT_FDCWD, NOPE, 5, 6, AT_SYMLINK_NOFOLLOW | 0x8000);
	syscall(SYS_mkdir, NOPE, 0777);
	syscall(SYS_mkdirat, 7, "x", 077777);
	syscall(SYS_rmdir, NOPE);
	syscall(SYS_mknod, NOPE, S_IFIFO | 0644, 0);
	syscall(SYS_mknod, NOPE, S_IFCHR | 0600, makedev(1, 3));
	syscall(SYS_mknod, NOPE, 0170000 | 0600, makedev(1, 3));
	syscall(SYS_mknodat, AT_FDCWD, NOPE, S_IFBLK | S_ISVTX, makedev(0xfff, 0xfffff));
	syscall(SYS_mknodat, 8, "x", S_IFSOCK | S_ISUID | S_ISGID | 07, 0);
	syscall(SYS_umask, 027);
	syscall(SYS_umask, 07777777);
	return 0;
}
