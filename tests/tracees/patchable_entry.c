/* A function that begins with nops, as -fpatchable-function-entry makes them, right behind the ret of
 * one with a syscall. They are no padding.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* raw is 16 bytes exactly; next is called by pointer only. */
__asm__(".text\n"
	"	.fill 512, 1, 0xc3\n"
	"	.p2align 4\n"
	"raw:	mov %rdi, %rax\n"
	"	.byte 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n"
	"	nop\n"
	"	syscall\n"
	"	ret\n"
	"next:	.fill 16, 1, 0x90\n"
	"	lea 1(%rdi), %eax\n"
	"	ret\n");
long raw(long nr) __asm__("raw");
int next(int n) __asm__("next");

int main(void)
{
	long (*volatile calls)(long) = raw;
	int (*volatile counts)(int) = next;
	long sum = 0;

	for (int i = 0; i < 500; i++)
		sum += (calls(SYS_getppid) > 0) + counts(i);
	printf("%ld\n", sum);
	return 0;
}
