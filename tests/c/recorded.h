/* The recorder's code in this process, and calls by it from registers that are all known. */
#ifndef FT_RECORDED_H
#define FT_RECORDED_H

#include <asm/prctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <x86intrin.h>

#include "check.h"
#include "either_record.h"

#define BLOCKS	  16
#define PER_BLOCK ((FT_BLOCK - HEAD) / SIZE)
#define AREA	  ((BLOCKS + 1) * FT_BLOCK)
#define RED_ZONE  128
#define STACK	  0x20000
#define FLAGS	  0x8d5u /* CF PF AF ZF SF OF */
#define NO_CALL	  600u /* and a few hundred from here on: no call has such a number */

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, REGS = 16 };

/* As xsave and xrstor have it: the vectors' lower halves, and their upper ones with AVX. */
struct vectors {
	uint32_t x87[6], mxcsr, other[33];
	uint8_t lower[256], unused[96];
	uint64_t present, header[7];
	uint8_t upper[256];
} __attribute__((aligned(64)));

/* What enter() loads and stores; it knows the offsets. */
struct frame {
	uint64_t in[REGS], flags_in, entry, saved_rsp, components, unused[4];
	uint64_t out[REGS], flags_out;
	struct vectors vectors_in, vectors_out;
};

static_assert(offsetof(struct frame, vectors_in) == 384, "enter() knows it");

struct frame frame;
void enter(void);
extern const uint8_t back[], plain[];

#define REGISTERS "rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15\n"

/* A call from registers that are all known, as a springboard makes it. plain: as a program does. */
__asm__("enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, frame+144(%rip)\n"
	"	mov frame+152(%rip), %eax; xor %edx, %edx\n"
	"	xrstor frame+384(%rip)\n"
	"	pushq frame+128(%rip); popfq\n"
	"	.set i, 0\n"
	"	.irp r, " REGISTERS "	mov frame+i(%rip), %\\r\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	lea back(%rip), %r11\n"
	"	jmp *frame+136(%rip)\n"
	"plain:	syscall\n"
	"back:	.set i, 192\n"
	"	.irp r, " REGISTERS "	mov %\\r, frame+i(%rip)\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	mov frame+144(%rip), %rsp\n"
	"	pushfq; popq frame+320(%rip)\n"
	"	mov frame+152(%rip), %eax; xor %edx, %edx\n"
	"	xsave frame+1216(%rip)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static uint8_t stack[STACK] __attribute__((aligned(64)));
static struct ft_area *const area = (struct ft_area *)FT_RECORDER_AREAS;
static int traps[FT_TRAP_GS + 1];
static uint64_t go_on; /* where from after FT_TRAP_VERDICT; 0: from there */

static inline uint64_t *link_of(unsigned block)
{
	return (uint64_t *)((uint8_t *)area + (block ? block : BLOCKS) * FT_BLOCK);
}

static inline uint64_t first_record(unsigned block)
{
	return (uint64_t)area + block * FT_BLOCK + HEAD;
}

static inline void reset(void)
{
	memset(area, 0, AREA);
	for (unsigned i = 1; i < BLOCKS; i++)
		*link_of(i) = first_record(i);
	area->cur = first_record(0);
	area->mask_at = (uint64_t)&area->mask;
	memset(verdicts, 0, FT_RECORDER_SIZE - FT_RECORDER_CODE);
	memset(traps, 0, sizeof(traps));
	go_on = 0;
}

/* At a trap before a call all is still as the program had it. */
static inline void check_untouched(const greg_t *now)
{
	static const int names[REGS] = { REG_RAX, REG_RBX, -1, REG_RDX, REG_RSI, REG_RDI, REG_RBP,
		REG_RSP, REG_R8, REG_R9, REG_R10, -1, REG_R12, REG_R13, REG_R14, REG_R15 };

	for (int i = 0; i < REGS; i++)
		if (names[i] >= 0)
			CHECK_EQ(now[names[i]], frame.in[i]);
	CHECK_EQ(now[REG_EFL] & FLAGS, frame.flags_in & FLAGS);
}

static inline void on_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *now = ((ucontext_t *)context)->uc_mcontext.gregs;
	enum ft_recorder_trap kind = ft_recorder_trap_at((uint64_t)now[REG_RIP]);

	(void)sig;
	CHECK_EQ(info->si_code, SI_KERNEL);
	traps[kind]++;
	switch (kind) {
	case FT_TRAP_VERDICT:
		check_untouched(now);
		CHECK_EQ(area->ret, back);
		if (go_on)
			now[REG_RIP] = (greg_t)go_on;
		break;
	case FT_TRAP_FULL: /* as the tracer does: the next block is taken, all others are free */
		CHECK_EQ(area->cur, FT_RECORDER_AREAS + BLOCKS * FT_BLOCK);
		for (unsigned i = 0; i < BLOCKS; i++) {
			CHECK_EQ(*link_of(i), 0);
			*link_of(i) = i ? first_record(i) : 0;
		}
		area->cur = first_record(0);
		break;
	case FT_TRAP_GS:
		check_untouched(now);
		CHECK_EQ(now[REG_R11], back);
		now[REG_RCX] = now[REG_RIP] = now[REG_R11];
		break;
	default:
		fprintf(stderr, "a trap at %llx\n", now[REG_RIP]);
		_exit(1);
	}
}

/* Through `entry`. All that a call leaves alone must be as it was. */
static inline int64_t call(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags)
{
	static const uint8_t names[6] = { RDI, RSI, RDX, R10, R8, R9 };
	uint8_t *top = stack + sizeof(stack) - 64, red[RED_ZONE];

	for (unsigned i = 0; i < REGS; i++)
		frame.in[i] = 0x8182838485868700 + i;
	for (int i = 0; i < 6; i++)
		frame.in[names[i]] = args[i];
	for (unsigned i = 0; i < RED_ZONE; i++)
		red[i] = (uint8_t)(5 * i + nr);
	memcpy(top - RED_ZONE, red, RED_ZONE);
	frame.in[RAX] = nr;
	frame.in[RSP] = (uint64_t)top;
	frame.flags_in = 0x202 | flags;
	frame.entry = entry;
	enter();
	for (int i = 0; i < REGS; i++)
		if (i != RAX && i != RCX && i != R11)
			CHECK_EQ(frame.out[i], frame.in[i]);
	CHECK_EQ(frame.out[RCX], back);
	CHECK_EQ(frame.flags_out & FLAGS, flags);
	CHECK(!memcmp(frame.vectors_out.lower, frame.vectors_in.lower, 256));
	CHECK(!memcmp(frame.vectors_out.upper, frame.vectors_in.upper, 256));
	CHECK(!memcmp(top - RED_ZONE, red, RED_ZONE));
	return (int64_t)frame.out[RAX];
}

/* All six flags, each on or off: 64 combinations. */
static inline uint64_t flags_of(unsigned c)
{
	return (c & 1) | (c & 2) << 1 | (c & 4) << 2 | (c & 8) << 3 | (c & 16) << 3 | (c & 32) << 6;
}

static const uint64_t patterns[6] = { 0x1122334455667788, -2ull, 0, 1ull << 63, 0xff, 1ull << 32 };

static uint64_t entries[2]; /* without a look at gs, and with */
static unsigned entry_count;

static inline int set_up(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	uint8_t *code = mmap((void *)FT_RECORDER_BASE, FT_RECORDER_SIZE,
		PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one); /* one TSC */
	sched_setaffinity(0, sizeof(one), &one);
	if (code != (void *)FT_RECORDER_BASE ||
		mmap(area, AREA, PROT_READ | PROT_WRITE, flags, -1, 0) != area)
		return -1;
	ft_recorder_code(code, false);
	verdicts = code + FT_RECORDER_CODE;
	frame.components = __builtin_cpu_supports("avx") ? 6 : 2;
	frame.vectors_in.mxcsr = 0x1f80;
	frame.vectors_in.present = frame.components;
	for (unsigned i = 0; i < 256; i++) {
		frame.vectors_in.lower[i] = (uint8_t)(3 * i + 1);
		frame.vectors_in.upper[i] = (uint8_t)(frame.components & 4 ? 7 * i + 2 : 0);
	}
	entries[0] = ft_recorder_entry(false);
	entries[1] = ft_recorder_entry(true);
	entry_count = getauxval(AT_HWCAP2) & 2 ? 2 : 1; /* HWCAP2_FSGSBASE */
	return sigaction(SIGTRAP, &trap, NULL) | syscall(SYS_arch_prctl, ARCH_SET_GS, area);
}

#endif
