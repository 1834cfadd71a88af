/*
 * role: named
 * arch: x86_64
 *
 * openat2(2) with structures of every size.
 */
#include "tells.h"
#include <fcntl.h>
#include <linux/openat2.h>

int main(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV };
	struct {
		struct open_how how;
		uint64_t more;
	} larger = { { O_CREAT | O_WRONLY, 0600, 0xff00 }, 7 };

	syscall(SYS_openat2, AT_FDCWD, NOPE, &how, sizeof(how));
	syscall(SYS_openat2, AT_FDCWD, NOPE, at_the_end(&how, sizeof(how)), sizeof(how));
	syscall(SYS_openat2, AT_FDCWD, NOPE, NULL, sizeof(how));
	syscall(SYS_openat2, AT_FDCWD, NOPE, WRONG, sizeof(how));
	syscall(SYS_openat2, 9, WRONG, &how, 8);
	syscall(SYS_openat2, 9, NOPE, &larger.how, sizeof(how));
	return 0;
}
