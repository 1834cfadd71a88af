/*
 * role: named
 * arch: x86_64
 *
 * Entries of directories.
 */
#include "tells.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	char place[30], entries[1000];
	int fd;

	snprintf(place, sizeof(place), "/tmp/directory%d", getpid());
	mkdir(place, 0700);
	fd = open(place, O_RDONLY | O_DIRECTORY);

	syscall(SYS_getdents64, fd, entries, sizeof(entries));
	syscall(SYS_getdents64, fd, entries, sizeof(entries));
	lseek(fd, 0, SEEK_SET);
	syscall(SYS_getdents, fd, entries, sizeof(entries));
	syscall(SYS_getdents, fd, entries, 5);
	lseek(fd, 0, SEEK_SET);
	syscall(SYS_getdents64, fd, entries, 0);
	syscall(SYS_getdents64, fd, WRONG, 100);
	syscall(SYS_getdents64, 1, entries, 100);
	syscall(SYS_getdents64, -1, NULL, -1);
	rmdir(place);
	return 0;
}
