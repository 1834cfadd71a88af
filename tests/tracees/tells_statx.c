/*
 * role: named
 * arch: x86_64
 *
 * statx(2) with masks and flags.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	struct statx stx;

	statx(AT_FDCWD, "/etc/passwd", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &stx);
	statx(AT_FDCWD, "/etc/passwd", AT_STATX_FORCE_SYNC | AT_SYMLINK_NOFOLLOW,
		STATX_SIZE | STATX_BTIME, &stx);
	statx(AT_FDCWD, "/dev/null", AT_STATX_DONT_SYNC, 0, &stx);
	statx(1, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, NULL);
	statx(AT_FDCWD, NOPE, 0, 0x20000000, &stx);
	statx(-3, NULL, AT_NO_AUTOMOUNT, STATX_INO, WRONG);
	return 0;
}
