/* The bytes of a syscall within another instruction: run as both, in turn.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"

/* mov $0x90c3050f, %eax; ret: b8 0f 05 c3 90 c3; one byte on: syscall; ret */
long constant(long nr);
long in_constant(long nr);
long address(char *base);
long in_address(char *base);
__asm__(".text\n.p2align 4\n"
	"constant: mov $0x90c3050f, %eax; ret\n"
	"in_constant: mov %edi, %eax; jmp constant + 1\n"
	/* lea 0xc3050f(%rdi), %rax: 48 8d 87 0f 05 c3 00 */
	"address: lea 0xc3050f(%rdi), %rax; ret\n"
	"in_address: mov %edi, %eax; jmp address + 3\n");

int main(void)
{
	long pid = getpid(), ppid = getppid();

	for (int i = 0; i < 100; i++) {
		expect(constant(0) == 0x90c3050f);
		expect(in_constant(39) == pid);
		expect(constant(0) == 0x90c3050f);
		expect(in_constant(110) == ppid);
		expect(address((char *)0x1000) == 0xc3150f);
		expect(in_address((char *)39) == pid);
		expect(address((char *)0x1000) == 0xc3150f);
	}
	puts("both");
	return 0;
}
