/* Makes code with system calls at run time, and makes it anew: in private, shared, file and memfd mappings, whose
 * files keep what was written; by mprotect, through a second mapping, by pwrite and while it is writable.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define RW  (PROT_READ | PROT_WRITE)
#define RX  (PROT_READ | PROT_EXEC)
#define RWX (RW | PROT_EXEC)

static const int nrs[] = { SYS_getpid, SYS_getppid, SYS_getuid, SYS_nfsservctl };

/* mov $nr, %eax; syscall; ret, or for each form another start: all are ten bytes. */
static void code(unsigned char *at, int form, int nr)
{
	static const char forms[3][11] = { "\xb8----\x0f\x05\xc3\x90\x90",
		"\x90\x90\xb8----\x0f\x05\xc3", "\x48\xc7\xc0----\x0f\x05\xc3" };

	memcpy(at, forms[form], 10);
	memcpy(at + (int[]){ 1, 3, 3 }[form], &nr, 4);
}

static void calls(void *at, int nr, int times)
{
	long expected = nr == SYS_getpid    ? getpid()
			: nr == SYS_getppid ? getppid()
			: nr == SYS_getuid  ? (long)getuid()
					    : -ENOSYS;

	for (int i = 0; i < times; i++)
		expect(((long (*)(void))at)() == expected);
}

static void by_mprotect(int flags, int fd)
{
	unsigned char *page = must(mmap(NULL, 4096, RW, flags, fd, 0)), written[10], now[10];

	for (int i = 0; i < 12; i++) {
		must(mprotect(page, 4096, RW));
		code(page, i / 4, nrs[i % 4]);
		memcpy(written, page, 10);
		must(mprotect(page, 4096, RX));
		calls(page, nrs[i % 4], i ? 20 : 200);
		if (fd != -1 && flags == MAP_SHARED)
			expect(pread(fd, now, 10, 0) == 10 && !memcmp(now, written, 10));
	}
	must(munmap(page, 4096));
}

static void rwx(int flags, int fd)
{
	unsigned char *page = must(mmap(NULL, 4096, RWX, flags, fd, 0));

	for (int i = 0; i < 12; i++) {
		code(page + 16 * (i % 2), i / 4, nrs[i % 4]);
		calls(page + 16 * (i % 2), nrs[i % 4], 20);
	}
	must(munmap(page, 4096));
}

static void from_outside(int fd, bool by_pwrite)
{
	unsigned char *page = must(mmap(NULL, 4096, RX, MAP_SHARED, fd, 0)), made[10];
	unsigned char *alias = must(mmap(NULL, 4096, RW, MAP_SHARED, fd, 0));

	for (int i = 0; i < 12; i++) {
		code(by_pwrite ? made : alias, i / 4, nrs[i % 4]);
		if (by_pwrite)
			expect(pwrite(fd, made, 10, 0) == 10);
		else
			memcpy(made, alias, 10);
		calls(page, nrs[i % 4], 20);
		expect(!memcmp(alias, made, 10));
	}
	must(munmap(page, 4096));
	must(munmap(alias, 4096));
}

int main(void)
{
	char name[64];
	int fd[2] = { must(memfd_create("code", 0)) };
	void *probe;

	snprintf(name, sizeof(name), "/tmp/jit_code.%d", getpid());
	fd[1] = must(open(name, O_RDWR | O_CREAT | O_EXCL, 0700));
	must(unlink(name));
	by_mprotect(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	by_mprotect(MAP_SHARED | MAP_ANONYMOUS, -1);
	rwx(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	rwx(MAP_SHARED | MAP_ANONYMOUS, -1);
	for (int i = 0; i < 2; i++) {
		must(ftruncate(fd[i], 4096));
		probe = mmap(NULL, 4096, RX, MAP_SHARED, fd[i], 0);
		if (probe == MAP_FAILED)
			continue; /* mounted noexec */
		must(munmap(probe, 4096));
		by_mprotect(MAP_SHARED, fd[i]);
		by_mprotect(MAP_PRIVATE, fd[i]);
		rwx(MAP_SHARED, fd[i]);
		from_outside(fd[i], false);
		from_outside(fd[i], true);
	}
	puts("made and called");
	return 0;
}
