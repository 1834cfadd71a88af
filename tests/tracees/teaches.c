/* Processes of one program that change their own copy of its text, or jump into the middle of its instructions, before
 * they make their calls; then one that does not. And the file itself changes between two runs of it.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* 160 bytes that are no padding. */
#define SLED "\n.rept 80; xor %eax, %eax; .endr\n"
#define LINE SLED ".p2align 10\n" SLED ".p2align 5\n"

/* What getpid() says; that; what the call says, a failure as a positive number; 0x50f9090. */
long behind_mov(void);
long before_padding(void);
long compares(long nr);
long constant(long nr);
__asm__(".text\n.p2align 12\n" LINE "behind_mov: mov $39, %eax; syscall; ret\n" LINE
	"before_padding: mov $39, %eax; test %eax, %eax; syscall; ret; .p2align 4, 0xcc\n" LINE
	"compares: mov %rdi, %rax; syscall; cmp $-4095, %rax; jae 1f; ret; 1: neg %rax; ret\n" LINE
	/* b8 90 90 0f 05: with the bytes of a syscall, and a ret and padding behind it */
	"constant: mov $0x50f9090, %eax; ret; .p2align 4, 0xcc\n" LINE ".p2align 12\n");

static void check(void)
{
	for (int i = 0; i < 20; i++) {
		expect(behind_mov() == getpid());
		expect(before_padding() == getpid());
		expect(compares(SYS_getpid) == getpid());
		expect(compares(SYS_nfsservctl) == ENOSYS);
		expect(constant(0) == 0x50f9090);
	}
}

static void replace(void *at, const void *bytes, size_t n)
{
	char *page = (char *)((uintptr_t)at & ~4095ul);

	must(mprotect(page, 8192, PROT_READ | PROT_WRITE));
	memcpy(at, bytes, n);
	must(mprotect(page, 8192, PROT_READ | PROT_EXEC));
}

/* getppid() instead. */
static void changes_mov(void)
{
	replace((void *)behind_mov, "\xb8\x6e\0\0\0", 5);
	for (int i = 0; i < 20; i++)
		expect(behind_mov() == getppid());
}

/* *wrote: what stands 72 bytes below the called function's stack pointer. */
static long call(const void *at, long nr, int *wrote)
{
	long ret;

	__asm__ volatile("sub $128, %%rsp; call *%2; mov -80(%%rsp), %1; add $128, %%rsp"
		: "=a"(ret), "=&r"(*wrote)
		: "r"(at), "a"(nr)
		: "rcx", "r11", "memory");
	return ret;
}

/* The mov's bytes are the end of another instruction: movl $39, -72(%rsp). */
static void hides_mov(void)
{
	char *at = (char *)(void *)behind_mov - 3;
	int wrote;

	replace(at, "\xc7\x44\x24", 3);
	for (int i = 0; i < 20; i++) {
		expect(call(at, SYS_getppid, &wrote) == getppid());
		expect(wrote == 39);
	}
}

/* What moves. */
static void changes_compare(void)
{
	replace((char *)(void *)compares + 8, "\0\0\0", 3); /* cmp $1, %rax */
	for (int i = 0; i < 20; i++)
		expect(compares(SYS_getpid) == -getpid());
}

/* Code of its own in the padding. */
static void uses_padding(void)
{
	char *at = (char *)(void *)before_padding + 11;

	replace(at, "\xb8\x2a\0\0\0\xc3", 6); /* mov $42, %eax; ret */
	for (int i = 0; i < 20; i++) {
		expect(before_padding() == getpid());
		expect(((long (*)(void))(void *)at)() == 42);
	}
}

/* The bytes within the constant. */
static void jumps_into(void)
{
	int none;

	for (int i = 0; i < 20; i++) {
		expect(call((char *)(void *)constant + 3, SYS_getpid, &none) == getpid());
		expect(constant(0) == 0x50f9090);
	}
}

static void run(const char *program, const char *how)
{
	expect(in_child(execl(program, program, how, NULL); _exit(errno)) == 0);
}

static void copy_to(int to)
{
	static char buffer[1 << 16];
	int from = must(open("/proc/self/exe", O_RDONLY));
	ssize_t n;

	while ((n = must(read(from, buffer, sizeof(buffer)))) > 0)
		expect(write(to, buffer, (size_t)n) == n);
	must(close(from));
}

/* Run as it is; then, the same file, with getppid() behind the mov. */
static void changes_file(void)
{
	char path[] = "/tmp/teachesXXXXXX", *map, *at;
	int fd = must(mkstemp(path));
	struct stat st;

	must(fchmod(fd, 0700));
	copy_to(fd);
	must(close(fd));
	run(path, "check");
	fd = must(open(path, O_RDWR));
	must(fstat(fd, &st));
	map = must(mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	at = memmem(map, (size_t)st.st_size, (void *)behind_mov, 100);
	expect(at != NULL);
	at[1] = SYS_getppid;
	must(munmap(map, (size_t)st.st_size));
	must(close(fd));
	run(path, "changed");
	must(unlink(path));
}

int main(int argc, char **argv)
{
	static void (*const lessons[])(
		void) = { changes_mov, hides_mov, changes_compare, uses_padding, jumps_into };
	enum { LESSONS = sizeof(lessons) / sizeof(lessons[0]) };
	const char *how = argc > 1 ? argv[1] : "all";

	if (!strcmp(how, "check")) {
		check();
		return 0;
	}
	if (!strcmp(how, "changed")) {
		for (int i = 0; i < 20; i++)
			expect(behind_mov() == getppid());
		return 0;
	}
	if (*how >= '0' && *how < '0' + LESSONS) {
		lessons[*how - '0']();
		return 0;
	}
	/* First by those who change it, then by those who do not. */
	for (int i = 0; i < 2 * LESSONS; i++) {
		run("/proc/self/exe", (char[]){ (char)('0' + i / 2), 0 });
		run("/proc/self/exe", "check");
	}
	changes_file();
	run("/proc/self/exe", "check");
	puts("taught");
	return 0;
}
