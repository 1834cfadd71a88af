/* Calls keep all registers but rax, rcx and r11, the flags and the red zone, at sites of many forms.
 * arch: x86_64
 * oracle: no (strace -c 6.1 leaves out the numbers that it does not know)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

struct state {
	uint64_t reg[16]; /* rax rbx rcx rdx rsi rdi rbp rsp r8-r15; before the call: rsp is ours */
	uint64_t flags;
	uint64_t red_zone[16];
	uint8_t ymm[16][32];
} want __attribute__((used)), got __attribute__((used));

char have_avx __attribute__((used));
long site_scratch __attribute__((used));
void enter(void *site);

/* enter() loads the registers from want and jumps to the site, which jumps or returns to leave. */
__asm__(".text\n"
	".macro each what\n"
	"\\what %rbx, 8\n \\what %rdx, 24\n \\what %rsi, 32\n \\what %rbp, 48\n \\what %r8, 64\n"
	"\\what %r9, 72\n \\what %r10, 80\n \\what %r12, 96\n \\what %r13, 104\n \\what %r14, 112\n"
	"\\what %r15, 120\n .endm\n"
	".macro load reg, at\n mov want+\\at(%rip), \\reg\n .endm\n"
	".macro save reg, at\n mov \\reg, got+\\at(%rip)\n .endm\n"
	".globl enter\n"
	"enter: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp, enter_rsp(%rip)\n mov %rdi, enter_site(%rip)\n"
	"lea leave(%rip), %rax\n push %rax\n"
	"mov %rsp, want+56(%rip)\n lea -128(%rsp), %rax\n mov %rax, enter_zone(%rip)\n"
	"cmpb $0, have_avx(%rip)\n je 1f\n"
	".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqu want+264+32*\\i(%rip), %ymm\\i\n "
	".endr\n"
	"jmp 2f\n"
	"1: .irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqu want+264+32*\\i(%rip), %xmm\\i\n "
	".endr\n"
	"2: push want+128(%rip)\n popfq\n"
	"mov enter_zone(%rip), %rdi\n lea want+136(%rip), %rsi\n mov $16, %ecx\n rep movsq\n"
	"each load\n mov want(%rip), %rax\n mov want+40(%rip), %rdi\n jmp *enter_site(%rip)\n"
	"leave: each save\n mov %rax, got(%rip)\n mov %rdi, got+40(%rip)\n mov %rsp, got+56(%rip)\n"
	"mov enter_zone(%rip), %rsi\n lea got+136(%rip), %rdi\n mov $16, %ecx\n rep movsq\n"
	"mov enter_rsp(%rip), %rsp\n pushfq\n pop got+128(%rip)\n"
	"cmpb $0, have_avx(%rip)\n je 1f\n"
	".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqu %ymm\\i, got+264+32*\\i(%rip)\n "
	".endr\n"
	"vzeroupper\n jmp 2f\n"
	"1: .irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqu %xmm\\i, got+264+32*\\i(%rip)\n "
	".endr\n"
	"2: pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n ret\n"
	".lcomm enter_rsp, 8\n .lcomm enter_site, 8\n .lcomm enter_zone, 8\n");

/* Each site ends with the ret to leave. */
#define SITE(name, code)                                                                           \
	void name(void);                                                                           \
	__asm__(".text\n.p2align 4\n" #name ": " code "\n")

SITE(imm_getpid, "mov $39, %eax; syscall; ret");
SITE(imm_getuid, "mov $102, %eax; syscall; mov %rdi, %rdi; ret");
SITE(imm_getppid, "mov $110, %rax; syscall; mov %r8, site_scratch(%rip); ret");
SITE(imm_999, "mov $999, %eax; syscall; jmp 1f; nop; 1: ret");
SITE(imm_500, "mov $500, %eax; nop; syscall; xchg %rax, %rax; ret");
SITE(imm_max, "mov $0x7fffffff, %eax; syscall; jc 1f; nop; 1: ret");
SITE(imm_minus, "mov $-1, %eax; syscall; jz 1f; jmp 1f; .skip 200, 0x90; 1: ret");
SITE(imm_far, "mov $39, %eax; mov %rdi, site_scratch(%rip); syscall; lea (%rsi), %rsi; ret");
SITE(nr_ret, "syscall; ret");
SITE(nr_nops, "nop; nop; nop; syscall; nop; nop; nop; ret");
SITE(nr_mov, "mov %rsi, site_scratch(%rip); syscall; mov %r9, %r9; ret");
SITE(nr_jmp, "jmp 1f; nopw 6(%rax, %rax); 1: syscall; jmp 2f; nopl (%rax); 2: ret");
SITE(nr_jz, "1: syscall; jz 2f; 2: jnz 3f; 3: ret");
SITE(nr_imm64, "mov %rax, %rax; syscall; movl $5, site_scratch(%rip); ret");
SITE(over_imm, "jmp 1f; mov $39, %eax; 1: syscall; ret");
SITE(over_imm7, "jmp 1f; mov $39, %rax; 1: syscall; movups %xmm0, %xmm0; ret");

static void check(void (*site)(void), long nr, int round, long expected)
{
	static const uint64_t flags[] = { 0x202, 0xad7, 0x246, 0xa97, 0x283, 0xa42 };

	for (size_t i = 0; i < sizeof(want) / 8; i++)
		((uint64_t *)&want)[i] = 0x9e3779b97f4a7c15 * (i + 1 + (uint64_t)round);
	want.reg[0] = (uint64_t)nr;
	want.flags = flags[round % 6];
	enter(site);
	expect((long)got.reg[0] == expected);
	for (int i = 1; i < 16; i++)
		if (i == 7)
			expect(got.reg[i] == want.reg[i] + 8);
		else if (i != 2 && i != 11)
			expect(got.reg[i] == want.reg[i]);
	expect(got.flags == want.flags);
	expect(!memcmp(got.red_zone, want.red_zone, sizeof(want.red_zone)));
	for (int i = 0; i < 16; i++)
		expect(!memcmp(got.ymm[i], want.ymm[i], have_avx ? 32 : 16));
}

int main(void)
{
	struct {
		void (*site)(void);
		long nr;
	} fixed[] = { { imm_getpid, SYS_getpid }, { imm_getuid, SYS_getuid },
		{ imm_getppid, SYS_getppid }, { imm_999, 999 }, { imm_500, 500 },
		{ imm_max, 0x7fffffff }, { imm_minus, -1 }, { imm_far, SYS_getpid } };
	void (*any[])(
		void) = { nr_ret, nr_nops, nr_mov, nr_jmp, nr_jz, nr_imm64, over_imm, over_imm7 };
	long nrs[] = { SYS_getpid, SYS_getuid, SYS_getppid, 999, 0x7fffffff, 0xffffffff, 500 };
	long pid = getpid(), ppid = getppid(), uid = getuid();

	have_avx = !!__builtin_cpu_supports("avx");
#define RESULT(nr)                                                                                 \
	((nr) == SYS_getpid ? pid : (nr) == SYS_getuid ? uid : (nr) == SYS_getppid ? ppid : -ENOSYS)
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 8; i++)
			check(fixed[i].site, 0x1234567, round, RESULT(fixed[i].nr));
		for (int i = 0; i < 8; i++)
			for (int j = 0; j < 7; j++)
				check(any[i], nrs[j], round, RESULT(nrs[j]));
	}
	puts("registers kept");
	return 0;
}
