/*
 * role: named
 * arch: x86_64
 *
 * Places in files, and their length.
 */
#include "tells.h"
#include <fcntl.h>
#include <linux/fs.h>

int main(void)
{
	int fd = memfd_create("places", 0);

	syscall(SYS_lseek, fd, 100, SEEK_SET);
	syscall(SYS_lseek, fd, -1, SEEK_CUR);
	syscall(SYS_lseek, fd, -5L, SEEK_SET);
	syscall(SYS_lseek, fd, 1L << 62, 77);
	syscall(SYS_lseek, fd, 0, SEEK_HOLE);
	syscall(SYS_truncate, NOPE, 5);
	syscall(SYS_ftruncate, fd, 5000);
	syscall(SYS_ftruncate, fd, -1L);
	syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 1, 2);
	syscall(SYS_fallocate, fd, 0x1000, -1L, 1L << 40);
	syscall(SYS_fadvise64, fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	syscall(SYS_fadvise64, fd, -1L, 1L << 40, 99);
	syscall(SYS_readahead, fd, 0, 4096);
	syscall(SYS_sync_file_range, fd, 0, 100,
		SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	syscall(SYS_sync_file_range, -1, -1L, -1L, 0x77);
	syscall(SYS_fsync, -1);
	syscall(SYS_fdatasync, fd);
	syscall(SYS_syncfs, -1);
	return 0;
}
