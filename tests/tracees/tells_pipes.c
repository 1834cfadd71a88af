/*
 * role: named
 * arch: x86_64
 *
 * Data that moves between pipes and files.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

int main(void)
{
	int file = memfd_create("pipes", 0), one[2], two[2];
	struct iovec data = { "hello", 5 };
	off_t at = 2, back = 1;

	write(file, "0123456789", 10);
	pipe(one);
	pipe2(two, O_NONBLOCK | O_CLOEXEC | O_DIRECT);
	pipe2(two, 0x77);
	pipe(NULL);
	syscall(SYS_pipe, WRONG);
	vmsplice(one[1], &data, 1, SPLICE_F_GIFT);
	tee(one[0], two[1], 3, SPLICE_F_NONBLOCK);
	splice(two[0], NULL, file, &back, 10, SPLICE_F_MOVE | SPLICE_F_MORE);
	splice(-1, WRONG, -1, WRONG, -1, 0x100);
	sendfile(one[1], file, &at, 3);
	sendfile(one[1], file, NULL, 3);
	sendfile(one[1], file, WRONG, 3);
	at = 0;
	syscall(SYS_copy_file_range, file, &at, file, &back, 0, 0);
	syscall(SYS_copy_file_range, file, NULL, -1, NULL, -1, 7);
	return 0;
}
