/*
 * role: named
 * arch: x86_64
 *
 * Vectors of data, long, empty, cut and wrong.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/uio.h>

int main(void)
{
	int fd = memfd_create("vectors", 0);
	char text[100];
	struct iovec three[3] = { { "abc", 3 }, { "", 0 },
		{ "defghijklmnopqrstuvwxyz0123456789-", 34 } };
	struct iovec many[40], wrong[2] = { { "ab", 2 }, { WRONG, 5 } }, huge = { text, -1 };
	struct iovec into[3] = { { text, 2 }, { text + 2, 50 }, { text + 60, 10 } };

	for (int i = 0; i < 40; i++)
		many[i] = (struct iovec){ "x", 1 };
	writev(fd, three, 3);
	writev(fd, many, 40);
	writev(fd, wrong, 2);
	writev(fd, &huge, 1);
	writev(fd, NULL, 0);
	writev(fd, WRONG, 2);
	writev(fd, at_the_end(three, sizeof(three)), 3);
	writev(fd, at_the_end(three, sizeof(three)), 5);
	pwritev(fd, three, 2, 100);
	pwritev2(fd, three, 2, -1, RWF_DSYNC | RWF_HIPRI);
	preadv(fd, into, 3, 0);
	preadv2(fd, into, 2, 5, RWF_NOWAIT | 0x800);
	preadv(fd, into, 1, 1L << 40);
	lseek(fd, 0, SEEK_SET);
	readv(fd, into, 3);
	readv(fd, into, 0);
	readv(-1, into, 3);
	return 0;
}
