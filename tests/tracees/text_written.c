/* Makes its own text writable, rewrites a function that makes a call, calls it, and puts back what was there.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* On a page of its own: what stands beside it must not be written while it runs. */
long function(void);
__asm__(".text\n.p2align 12\n"
	"function: mov $39, %eax; syscall; ret; nop; nop; nop\n"
	".p2align 12\n");

static const char getpid_code[] = "\xb8\x27\0\0\0\x0f\x05\xc3\x90\x90\x90";
static const char getppid_code[] = "\xb8\x6e\0\0\0\x0f\x05\xc3\x90\x90\x90";
static const char late_code[] = "\x90\x90\x90\xb8\x6e\0\0\0\x0f\x05\xc3";
static const char no_call[] = "\xb8\x6e\0\0\0\xeb\0\xc3\x90\x90\x90";

static void becomes(const char *code, long expected)
{
	char *at = (char *)(void *)function;

	must(mprotect(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	memcpy(at, code, 11);
	for (int i = 0; i < 20; i++)
		expect(function() == expected);
	must(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	for (int i = 0; i < 20; i++)
		expect(function() == expected);
}

static void becomes_through_file(int fd, const char *code, long expected)
{
	expect(pwrite(fd, code, 11, (off_t)(unsigned long)(void *)function) == 11);
	for (int i = 0; i < 20; i++)
		expect(function() == expected);
}

int main(void)
{
	long pid = getpid(), ppid = getppid();
	int mem = must(open("/proc/self/mem", O_RDWR));

	for (int round = 0; round < 5; round++) {
		expect(function() == pid);
		becomes(getppid_code, ppid);
		becomes(late_code, ppid);
		becomes(no_call, 110);
		becomes(getppid_code, ppid);
		becomes(getpid_code, pid);
		/* A debugger's way, without a look at the protection. */
		becomes_through_file(mem, no_call, 110);
		becomes_through_file(mem, late_code, ppid);
		becomes_through_file(mem, getpid_code, pid);
	}
	puts("written");
	return 0;
}
