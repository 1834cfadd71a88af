/* Jumps to right after a syscall and into what looks like padding around it; tables between code that look so too.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"

long call(long nr), call_back(long nr), after_call(long ret), short_call(long nr);
long nop_call(long nr), after_nop(long nr), loops(long nr);
extern char nop_slide[], late_slide[], pad[], zero_table[], nop_table[], trap_table[], tables_end[];

__asm__(".text\n.p2align 4\n"
	/* The instruction after the call is reached from elsewhere too, and is a short one. */
	"call: mov %edi, %eax; syscall; 1: inc %rax; ret\n"
	"after_call: mov %rdi, %rax; jmp 1b\n"
	/* What is before the call is reached after it. */
	"call_back: mov $1, %edx; mov %edi, %r8d\n"
	"1: mov %r8d, %eax; 2: syscall; dec %edx; jns 1b; mov $0, %edx; ret\n"
	/* Dead padding before, and a table that looks like padding behind the ret. */
	"short_call: mov %edi, %eax; jmp 1f; .p2align 4; 1: syscall; ret\n"
	"nop_table: .fill 16, 1, 0x90; .byte 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n"
	"trap_table: .fill 16, 1, 0xcc\n"
	"nop_call: mov %edi, %eax; syscall; ret\n"
	"zero_table: .fill 16, 1, 0\n tables_end:\n"
	"mov %edi, %eax; syscall; ret\n"
	/* Padding behind a ret that is code. */
	"pad: .fill 8, 1, 0x90; lea 7(%rdi), %rax; ret\n"
	".p2align 4\n"
	/* A slide of nops into a call, and behind one: each of them is jumped to. */
	"nop_slide: .fill 16, 1, 0x90; syscall\n"
	"late_slide: .fill 16, 1, 0x90; inc %rax; ret\n"
	"after_nop: mov %edi, %eax; nopl 0(%rax, %rax, 1); syscall; nopw 0(%rax, %rax, 1); ret\n"
	/* The call is the target of a loop; its number is set at the end. */
	"loops: xor %r8d, %r8d; mov $10, %r9d; mov %edi, %eax; jmp 1f\n"
	"nop; nop; nop; nop; nop\n"
	"1: syscall; add %rax, %r8; mov %edi, %eax; dec %r9d; jnz 1b; mov %r8, %rax; ret\n");

static long slide(char *from, long rax)
{
	__asm__ volatile("call *%1" : "+a"(rax) : "r"(from) : "rcx", "r11", "memory");
	return rax;
}

static int sum(char *from, char *to)
{
	int all = 0;

	while (from < to)
		all = all * 31 + *from++;
	return all;
}

static int sums(void)
{
	return sum(nop_table, trap_table + 16) ^ sum(zero_table, tables_end);
}

int main(void)
{
	long pid = getpid(), ppid = getppid();
	int before = sums();

	for (int round = 0; round < 20; round++) {
		expect(call(39) == pid + 1);
		expect(after_call(41) == 42);
		expect(call_back(110) == ppid);
		expect(short_call(110) == ppid);
		expect(nop_call(39) == pid);
		expect(((long (*)(long))(void *)tables_end)(110) == ppid);
		expect(((long (*)(long))(void *)pad)(5) == 12);
		expect(((long (*)(long))(void *)(pad + 5))(6) == 13);
		for (int i = 0; i <= 16; i++) {
			expect(slide(nop_slide + i, i % 2 ? 39 : 110) == (i % 2 ? pid : ppid) + 1);
			expect(slide(late_slide + i, i) == i + 1);
		}
		expect(after_nop(39) == pid);
		expect(loops(110) == 10 * ppid);
		expect(sums() == before);
	}
	puts("all as written");
	return 0;
}
