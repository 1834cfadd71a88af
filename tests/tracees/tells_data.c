/*
 * role: named
 * arch: x86_64
 *
 * Data that is read and written, with ends where no more can be read.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	int fd = memfd_create("data", 0);
	char text[100];

	write(fd, "0123456789abcdefghijklmnopqrstuv", 32);
	write(fd, "0123456789abcdefghijklmnopqrstuvw", 33);
	write(fd, "\0\1\2\0333\377\"\\\n", 9);
	write(fd, at_the_end("abc", 3), 3);
	write(fd, at_the_end("abc", 3), 4);
	write(fd, NULL, 0);
	write(fd, NULL, 5);
	write(fd, WRONG, 0);
	write(fd, "abc", -1);
	write(-1, "abc", 3);
	pwrite(fd, "abc", 3, 1L << 40);
	pwrite(fd, "abc", 3, -1);
	ftruncate(fd, 50);
	pread(fd, text, 100, 0);
	pread(fd, text, 5, 45);
	pread(fd, text, 5, 50);
	pread(fd, text, 0, 0);
	pread(fd, WRONG, 5, 0);
	read(fd, text, -1);
	read(0, text, 0);
	read(1000, text, 10);
	return 0;
}
