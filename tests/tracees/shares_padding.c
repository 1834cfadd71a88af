/* Calls that only the padding behind them lets be patched, more of them than it has room for; in two processes.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <sys/syscall.h>

/* Returns the sum of four calls. 15 bytes of padding; no mov stands right before a syscall, nor padding before. */
long four(void);
__asm__(".text\n.p2align 4\n"
	".rept 80; xor %eax, %eax; .endr\n"
	".p2align 4\n"
	"four: mov $39, %eax; test %eax, %eax; syscall; mov %rax, %r8\n"
	"mov $102, %eax; test %eax, %eax; syscall; add %rax, %r8\n"
	"mov $110, %eax; test %eax, %eax; syscall; add %rax, %r8\n"
	"mov $39, %eax; test %eax, %eax; syscall; add %r8, %rax\n"
	".rept 16; xor %ecx, %ecx; .endr\n"
	"ret; .p2align 4, 0xcc\n"
	".rept 80; xor %eax, %eax; .endr\n");

int main(int argc, char **argv)
{
	for (int i = 0; i < 50; i++)
		expect(four() == getpid() + getuid() + getppid() + getpid());
	if (argc > 1)
		return 0;
	puts("in one");
	fflush(stdout);
	execl("/proc/self/exe", argv[0], "again", NULL);
	return 1;
}
