/* Closes all descriptors there are, in all ways, and finds that new ones start at the lowest and no others are open.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* The descriptors that /proc shows, as bits, but that of the folder. */
static unsigned long open_now(void)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	unsigned long found = 0;
	char buffer[4096];
	long n;

	while (fd >= 0 && (n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(buffer + at);
			unsigned long number = strtoul(entry->d_name, NULL, 10);

			if (entry->d_name[0] != '.' && number != (unsigned long)fd)
				found |= 1UL << (number < 63 ? number : 63);
			at += entry->d_reclen;
		}
	}
	close(fd);
	return found;
}

static void close_range_from(unsigned int first)
{
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	for (int fd = (int)first; fd < 20000; fd++)
		close(fd);
}

/* In a child that cannot say what it found: what was wrong is its status. */
static int all_closed(int how)
{
	int fd[2];

	if (how == 0)
		close_range_from(0);
	else if (how == 1)
		syscall(SYS_close_range, 0, ~0U, 2); /* CLOSE_RANGE_UNSHARE */
	else
		for (int i = 0; i < 2000; i++)
			close(how == 2 ? i : 1999 - i);
	if (open_now() != 0)
		return 1;
	for (int i = 0; i < 6; i++)
		if (open(i % 2 ? "/" : "/dev/null", O_RDONLY) != i || open_now() != (2UL << i) - 1)
			return 10 + i;
	if (close(1) || close(3) || dup(0) != 1 || pipe(fd) || fd[0] != 3 || fd[1] != 6)
		return 20;
	if (open_now() != 0x7f || fcntl(0, F_DUPFD, 40) != 40 || dup2(0, 62) != 62)
		return 21;
	if (open_now() != (0x7f | 1UL << 40 | 1UL << 62))
		return 22;
	for (int i = 0; i < 62; i++)
		if (close(i) != (i < 7 || i == 40 ? 0 : -1))
			return 100 + i;
	return fork() ? end_of(-1) : open_now() == 1UL << 62 ? 0 : 23;
}

int main(void)
{
	close_range_from(3);
	expect(open_now() == 7);
	for (int how = 0; how < 4; how++) {
		/* The parent's output is not to be flushed twice. */
		int status = in_child(_exit(all_closed(how)));

		expect(open_now() == 7);
		expect(open("/dev/null", O_RDONLY) == 3 && close(3) == 0);
		printf("closed %d\n", status);
	}
	return 0;
}
