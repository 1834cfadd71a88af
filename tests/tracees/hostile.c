/* Unknown numbers and bad pointers, and paths that end at, cross or run over the end of readable memory.
 * oracle: no (strace -c 6.1 dies of the number 0x80000001)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void call(long nr, const void *path)
{
	long ret = syscall(nr, path, path, path, path, path, path);

	printf("%ld: %ld %d\n", nr, ret, errno);
}

static void open_path(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY);

	printf("open: %d\n", fd == -1 ? errno : 0);
}

int main(void)
{
	char *map = must(
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(mprotect(map + 2 * 4096, 4096, PROT_NONE));
	call(0x1f4, NULL);
	call(-1, NULL);
	call(1023, (void *)-1);
	call(1024, (void *)-1);
	call(0x7fffffff, (void *)1);
	call(-0x7fffffff, map);
	call(0x40000000 + 0x1f4, map);
	open_path(NULL);
	open_path((char *)1);
	open_path((char *)-1);
	open_path(map + 2 * 4096);
	strcpy(map + 2 * 4096 - 10, "/dev/null");
	open_path(map + 2 * 4096 - 10);
	strcpy(map + 4096 - 4, "/dev/null");
	open_path(map + 4096 - 4);
	memset(map, '/', 2 * 4096);
	open_path(map + 2 * 4096 - 5);
	open_path(map);
	return 0;
}
