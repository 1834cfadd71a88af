/*
 * role: named
 * arch: x86_64
 *
 * Mounts that fail whoever asks for them.
 */
#include "tells.h"
#include <sys/mount.h>

int main(void)
{
	mount("/dev/none", NOPE, "ext4", MS_RDONLY | MS_NOSUID | MS_NODEV, "data=1");
	mount(NULL, NOPE, NULL, MS_REMOUNT | MS_BIND, NULL);
	mount("a", NOPE, WRONG, MS_BIND | MS_REC, "unused");
	mount("a", NOPE, NULL, MS_PRIVATE, NULL);
	umount2(NOPE, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
	umount2(NOPE, 0x700);
	syscall(SYS_fsopen, "nowhere", 1);
	syscall(SYS_fsmount, -1, 1, 0xff);
	syscall(SYS_fspick, -100, NOPE, 0x15);
	syscall(SYS_move_mount, -1, "", -100, NOPE, 0x77);
	syscall(SYS_open_tree, -100, NOPE, 0x80001);
	for (int i = 0; i < 8; i++) {
		syscall(431, -1, i, "key", "value", 5);
		syscall(431, -1, i, WRONG, WRONG, 0);
		syscall(431, -1, i, NULL, NULL, 0);
	}
	return 0;
}
