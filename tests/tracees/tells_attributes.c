/*
 * role: named
 * arch: x86_64
 *
 * Extended attributes.
 */
#include "tells.h"
#include <sys/xattr.h>

int main(void)
{
	char value[100];

	setxattr(NOPE, "user.name", "value", 5, XATTR_CREATE);
	lsetxattr(NOPE, "user.name", "\1\2", 2, XATTR_REPLACE | 4);
	fsetxattr(-1, WRONG, WRONG, 5, 0);
	getxattr("/etc/passwd", "user.none", value, sizeof(value));
	lgetxattr(NOPE, "user.none", value, 0);
	fgetxattr(-1, "user.none", NULL, -1);
	listxattr("/dev/null", value, sizeof(value));
	llistxattr(NOPE, value, 5);
	flistxattr(-1, WRONG, 5);
	removexattr(NOPE, "user.a");
	lremovexattr(NOPE, "user.b");
	fremovexattr(-1, "");
	return 0;
}
