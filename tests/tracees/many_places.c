/* Thousands of places that make calls, run several times each, also by a child, and more places in memory of its own
 * than the inline engine looks at.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PLACES 4200
#define MAPPED 16500 /* FT_SITES_LOOKS_MAX: 16384 */
#define ROUNDS 7

/* The sum of getpid() from each place. */
long sum(void);
__asm__(".text\n"
	"sum: push %rbx; xor %ebx, %ebx\n"
	".rept 4200; mov $39, %eax; syscall; add %rax, %rbx; .endr\n"
	"mov %rbx, %rax; pop %rbx; ret\n");

static const char code[] = { '\x0f', '\x05', '\xc3', '\x90' }; /* syscall; ret; nop */

static void own_memory(int places)
{
	char *text = must(mmap(NULL, MAPPED * sizeof(code), PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	long ppid = getppid();

	for (int i = 0; i < places; i++) {
		long ret = SYS_getppid;

		memcpy(text + i * (int)sizeof(code), code, sizeof(code));
		__asm__ volatile("sub $128, %%rsp; call *%1; add $128, %%rsp"
			: "+a"(ret)
			: "r"(text + i * (int)sizeof(code))
			: "rcx", "r11", "memory");
		expect(ret == ppid);
	}
}

int main(void)
{
	for (int i = 0; i < ROUNDS; i++)
		expect(sum() == (long)PLACES * getpid());
	own_memory(MAPPED);
	expect(in_child(expect(sum() == (long)PLACES * getpid()); own_memory(10)) == 0);
	puts("summed");
	return 0;
}
