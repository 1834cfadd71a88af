/*
 * role: named
 * arch: x86_64
 *
 * Commands for terminals, of what is none.
 */
#include "tells.h"
#include <asm/termbits.h>
#include <sys/ioctl.h>

int main(void)
{
	int fd = memfd_create("none", 0), value = 5;
	struct termios settings = { .c_iflag = 0x500,
		.c_oflag = 5,
		.c_cflag = 0xbf,
		.c_lflag = 0x8a3b,
		.c_cc = { 3, 28 } };
	struct winsize size = { 25, 80, 1, 2 };

	ioctl(fd, TCGETS, &settings);
	ioctl(fd, TIOCSWINSZ, &size);
	ioctl(fd, TIOCGWINSZ, &size);
	ioctl(fd, TIOCGPGRP, &value);
	ioctl(fd, FIONREAD, &value);
	ioctl(fd, FIONBIO, &value);
	ioctl(fd, FIOCLEX);
	ioctl(fd, TIOCMSET, &value);
	ioctl(fd, TIOCSCTTY, 1);
	ioctl(fd, 0x12345678, 5);
	ioctl(fd, -1, WRONG);
	ioctl(-1, TCGETS, WRONG);
	return 0;
}
