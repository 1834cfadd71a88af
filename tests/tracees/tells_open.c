/*
 * role: named
 * arch: x86_64
 *
 * Files that are opened in each way, and are not.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_APPEND | O_NONBLOCK | O_NOFOLLOW);
	char longest[5000];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	syscall(SYS_open, NOPE, O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0640);
	syscall(SYS_open, NOPE, 3 | 0x40000000);
	syscall(SYS_open, WRONG, O_RDONLY);
	syscall(SYS_open, NULL, O_RDONLY | O_DIRECTORY | O_PATH);
	syscall(SYS_open, at_the_end("abc", 3), O_RDONLY);
	syscall(SYS_open, at_the_end("abc", 4), O_RDONLY);
	syscall(SYS_open, "", O_RDONLY);
	syscall(SYS_open, "a\tb\n\"\\\1\377", O_RDONLY);
	syscall(SYS_open, longest, O_RDONLY);
	syscall(SYS_creat, NOPE, 01777);
	syscall(SYS_openat, fd, "relative", O_TMPFILE | O_WRONLY, 0600);
	syscall(SYS_openat, -5, "relative", O_SYNC | O_DIRECT | O_NOATIME | O_LARGEFILE);
	syscall(SYS_openat, AT_FDCWD, NOPE, O_DSYNC | O_NOCTTY | O_ASYNC);
	close(fd);
	return 0;
}
