/* The bytes before a syscall end like mov $39, %eax but belong to a longer instruction, which has an effect.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"

#define SITE(name, code)                                                                           \
	long name(long nr, unsigned long *slot);                                                   \
	__asm__(".text\n.p2align 4\n" #name ": " code "\n")

/* movl $39, -0x48(%rsp), as compilers spill constants: c7 44 24 b8, 27 00 00 00 */
SITE(spill, "mov %edi, %eax; movl $0, -0x48(%rsp); movl $39, -0x48(%rsp); syscall;"
	    "mov -0x48(%rsp), %edx; mov %rdx, (%rsi); ret");
SITE(spill_39, "mov $39, %eax; movl $0x27, -0x48(%rsp); syscall;"
	       "mov -0x48(%rsp), %edx; mov %rdx, (%rsi); movl $0, -0x48(%rsp); ret");
/* mov $39, %r8d: 41 b8 27 00 00 00 */
SITE(fifth, "mov %edi, %eax; mov $39, %r8d; syscall; mov %r8, (%rsi); ret");
/* The same as mov $39, %rax in seven bytes: 48 c7 c0 27 00 00 00 */
SITE(movabs, "mov %edi, %eax; movabs $0x27c0c74800, %r8; syscall; mov %r8, (%rsi); ret");
SITE(displaced, "mov %edi, %eax; lea 0x3f38b800(%rsi), %rdx; movl $39, -0x3f38b800(%rdx); syscall;"
		"ret");
SITE(displaced_5, "mov %edi, %eax; lea 0x47ffff00(%rsi), %rdx; movl $39, -0x47ffff00(%rdx);"
		  "syscall; ret");
/* xor %eax, %r8d: 41 31 c0; mov %edi, %r8d: 41 89 f8 (89 f8: mov %edi, %eax) */
SITE(xored, "mov %edi, %eax; mov $39, %r8d; xor %eax, %r8d; xor %eax, %r8d; syscall;"
	    "mov %r8, (%rsi); ret");
SITE(moved, "mov %edi, %eax; mov $39, %edi; mov %edi, %r8d; syscall; mov %r8, (%rsi); ret");
/* push $39; pop %r8: 6a 27 41 58 */
SITE(popped, "mov %edi, %eax; push $39; pop %r8; syscall; mov %r8, (%rsi); ret");

static long (*const sites[])(long, unsigned long *) = { spill, spill_39, fifth, movabs, displaced,
	displaced_5, xored, moved, popped };

int main(void)
{
	long pid = getpid(), ppid = getppid();

	for (int i = 0; i < 9; i++) {
		for (int round = 0; round < 1000; round++) {
			unsigned long slot = 0;
			long ret = sites[i](110, &slot); /* 110: getppid */

			expect(ret == (sites[i] == spill_39 ? pid : ppid));
			expect(slot == (sites[i] == movabs ? 0x27c0c74800 : 39));
		}
	}
	puts("9000 calls");
	return 0;
}
