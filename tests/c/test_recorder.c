/* The recorder's code, run in this process: what a program sees of it, and what it writes. */
#define _GNU_SOURCE
#include "arch/x86_64/recorder.h"

#include <asm/prctl.h>
#include <errno.h>
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

#define BLOCKS	  16
#define PER_BLOCK ((FT_BLOCK - FT_BLOCK_HEAD) / sizeof(struct ft_raw))
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

static uint8_t *policy, stack[STACK] __attribute__((aligned(64)));
static struct ft_area *const area = (struct ft_area *)FT_RECORDER_AREAS;
static int traps[FT_TRAP_GS + 1];
static uint64_t go_on; /* where from after FT_TRAP_POLICY; 0: from there */

static uint64_t *link_of(unsigned block)
{
	return (uint64_t *)((uint8_t *)area + (block ? block : BLOCKS) * FT_BLOCK);
}

static uint64_t first_record(unsigned block)
{
	return (uint64_t)area + block * FT_BLOCK + FT_BLOCK_HEAD;
}

static void reset(void)
{
	memset(area, 0, AREA);
	for (unsigned i = 1; i < BLOCKS; i++)
		*link_of(i) = first_record(i);
	area->cur = first_record(0);
	memset(policy, 0, FT_RECORDER_SIZE - FT_RECORDER_CODE);
	memset(traps, 0, sizeof(traps));
	go_on = 0;
}

/* At a trap before a call all is still as the program had it. */
static void check_untouched(const greg_t *now)
{
	static const int names[REGS] = { REG_RAX, REG_RBX, -1, REG_RDX, REG_RSI, REG_RDI, REG_RBP,
		REG_RSP, REG_R8, REG_R9, REG_R10, -1, REG_R12, REG_R13, REG_R14, REG_R15 };

	for (int i = 0; i < REGS; i++)
		if (names[i] >= 0)
			CHECK_EQ(now[names[i]], frame.in[i]);
	CHECK_EQ(now[REG_EFL] & FLAGS, frame.flags_in & FLAGS);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *now = ((ucontext_t *)context)->uc_mcontext.gregs;
	enum ft_recorder_trap kind = ft_recorder_trap_at((uint64_t)now[REG_RIP]);

	(void)sig;
	CHECK_EQ(info->si_code, SI_KERNEL);
	traps[kind]++;
	switch (kind) {
	case FT_TRAP_POLICY:
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
static int64_t call(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags)
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
static uint64_t flags_of(unsigned c)
{
	return (c & 1) | (c & 2) << 1 | (c & 4) << 2 | (c & 8) << 3 | (c & 16) << 3 | (c & 32) << 6;
}

/* One that leaves a record. */
static struct ft_raw *recorded(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags)
{
	struct ft_raw *raw = (struct ft_raw *)area->cur;
	uint64_t before = __rdtsc(), after;
	unsigned cpu;
	int64_t ret;

	_mm_lfence();
	ret = call(entry, nr, args, flags);
	after = __rdtscp(&cpu);
	CHECK_EQ(area->busy, raw);
	CHECK_EQ(area->ret, back);
	CHECK_EQ(raw->nr, nr);
	CHECK(!memcmp(raw->args, args, sizeof(raw->args)));
	CHECK_EQ(raw->ret, ret);
	CHECK(before <= raw->start && raw->start <= raw->end && raw->end <= after);
	return raw;
}

static void passed(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags, int64_t ret)
{
	struct ft_area before = *area;

	CHECK_EQ(call(entry, nr, args, flags), ret);
	before.ret = (uint64_t)back;
	CHECK(!memcmp(&before, area, sizeof(before)));
}

static const uint64_t patterns[6] = { 0x1122334455667788, -2ull, 0, 1ull << 63, 0xff, 1ull << 32 };

static uint64_t entries[2]; /* without a look at gs, and with */
static unsigned entry_count;

/* A call with each combination of flags, by each entry. */
static void each_way(uint64_t nr, void (*check)(uint64_t, uint64_t, uint64_t, int64_t))
{
	int64_t ret;

	call((uint64_t)plain, nr, patterns, 0); /* umask says what the last one was */
	ret = call((uint64_t)plain, nr, patterns, 0);
	for (unsigned way = 0; way < 64 * entry_count; way++) {
		reset();
		check(entries[way / 64], nr, flags_of(way % 64), ret);
	}
}

static void check_call(uint64_t entry, uint64_t nr, uint64_t flags, int64_t ret)
{
	policy[(nr & 0xffff) ^ 1] = FT_RECORDER_TRAP;
	CHECK_EQ(recorded(entry, nr, patterns, flags)->ret, ret);
	CHECK_EQ(area->cur, first_record(0) + sizeof(struct ft_raw));
	policy[nr & 0xffff] = FT_RECORDER_PASS;
	passed(entry, nr, patterns, flags, ret);
	CHECK_EQ(traps[FT_TRAP_POLICY], 0);
}

/* A number of more than 16 bits is not looked up by its lower half. */
static void check_policy_trap(uint64_t entry, uint64_t nr, uint64_t flags, int64_t ret)
{
	policy[nr & 0xffff] = (uint32_t)nr >> 16 ? FT_RECORDER_RECORD : FT_RECORDER_TRAP;
	passed(entry, nr, patterns, flags, ret);
	go_on = ft_recorder_pass();
	passed(entry, nr, patterns, flags, ret);
	go_on = ft_recorder_record(nr);
	CHECK_EQ(recorded(entry, nr, patterns, flags)->ret, ret);
	CHECK_EQ(traps[FT_TRAP_POLICY], 3);
}

#define SHORT 19 /* numbers: the first ones have 16 bits, or the kernel sees no more */

static void test_calls(void)
{
	static const uint64_t numbers[] = { SYS_getpid, SYS_getppid, SYS_gettid, SYS_sched_yield,
		SYS_getuid, SYS_umask, 500, 511, 600, 1000, 1023, 1024, 4095, 0x7fff, 0x8000,
		0xff00, 0xffff, SYS_getpid | 1ull << 32, SYS_gettid | 0xffffffffull << 32,
		/* and these do not: */
		0x10000, 0x10000 | SYS_getpid, 0xffff0000, -1ull, 0x40000000 | SYS_getpid, 1u << 31,
		0xffffffff, -39ull, 1ull << 32 | 1u << 16 };

	for (size_t i = 0; i < SHORT; i++)
		each_way(numbers[i], check_call);
	check_group("a call is as without the recorder, and recorded");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		each_way(numbers[i], check_policy_trap);
	check_group("what needs the tracer stops before it has done anything");
}

static void check_mask(struct ft_raw *raw, int64_t ret)
{
	uint64_t mask = 0;

	CHECK_EQ(raw->ret, ret);
	CHECK_EQ(raw->asked, 1);
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	CHECK_EQ(raw->mask, mask);
	CHECK_EQ(area->mask, mask);
	CHECK_EQ(area->cur, raw + 1);
	area->mask = 0;
}

static void test_mask(void)
{
	const uint64_t set = 1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMAX - 1),
		       nr = SYS_rt_sigprocmask;
	uint64_t old, args[6] = { SIG_BLOCK, (uint64_t)&set, (uint64_t)&old, 8, -5ull, -6ull };

	reset();
	policy[nr] = FT_RECORDER_MASK;
	for (unsigned i = 0; i < 128; i++) {
		args[0] = i & 1 ? SIG_UNBLOCK : SIG_BLOCK;
		check_mask(recorded(entries[i % entry_count], nr, args, flags_of(i / 2)), 0);
		CHECK_EQ(((struct ft_raw *)area->busy)->mask & set, i & 1 ? 0 : set);
		CHECK_EQ(old & set, i & 1 ? set : 0);
		args[0] = 99;
		check_mask(recorded(entries[0], nr, args, flags_of(i / 2)), -EINVAL);
	}
	check_group("the signal mask is noted");
}

static void test_tables(void)
{
	uint8_t *tables = policy + FT_RECORDER_POLICY;

	for (unsigned i = 0; i < FT_RECORDER_TABLES * FT_RECORDER_TABLES * 256; i++) {
		unsigned low = i % 256, mine = i / 256 % FT_RECORDER_TABLES;
		uint64_t other = i / 256 / FT_RECORDER_TABLES, args[6] = { 0xabcdef00 | low, 2 };

		reset();
		policy[NO_CALL] = (uint8_t)(FT_RECORDER_TABLE + mine);
		tables[other * 256 + low] = 1;
		go_on = ft_recorder_record(NO_CALL);
		recorded(entries[i % entry_count], NO_CALL, args, flags_of(i % 64));
		CHECK_EQ(traps[FT_TRAP_POLICY], mine == other);
	}
	check_group("an argument's low byte decides, each number by its own table");
}

/* Round and round: every record is there, and what is not a record stays as it was. */
static void test_blocks(void)
{
	const unsigned rounds = 2, in_area = BLOCKS * PER_BLOCK;
	uint64_t args[6] = { 0, 2, 3, 4, 5, 6 };

	reset();
	for (unsigned block = 1; block <= BLOCKS; block++)
		memset((uint8_t *)area + block * FT_BLOCK + 8, 0x5a, FT_BLOCK_HEAD - 8);
	for (unsigned i = 0; i < rounds * in_area + 10; i++) {
		unsigned block = i / PER_BLOCK % BLOCKS;
		uint64_t at = first_record(block) + i % PER_BLOCK * sizeof(struct ft_raw);

		CHECK_EQ(area->cur, at);
		CHECK_EQ(*link_of(block), 0);
		args[0] = i;
		call(entries[i % entry_count], NO_CALL, args, flags_of(i % 64));
		CHECK_EQ(((struct ft_raw *)at)->args[0], i);
		CHECK_EQ(traps[FT_TRAP_FULL], (i + 1) / in_area);
	}
	for (unsigned i = 10; i < in_area; i++) {
		const struct ft_raw *raw = (struct ft_raw *)first_record(i / PER_BLOCK);

		CHECK_EQ(raw[i % PER_BLOCK].args[0], (rounds - 1) * in_area + i);
		CHECK_EQ(raw[i % PER_BLOCK].ret, -38);
	}
	for (unsigned i = 1; i <= BLOCKS; i++) {
		const uint8_t *head = (const uint8_t *)link_of(i % BLOCKS);

		CHECK_EQ(*(const uint64_t *)head, i % BLOCKS ? first_record(i) : 0);
		for (int byte = 8; byte < 64; byte++)
			CHECK_EQ(head[byte], 0x5a);
	}
	for (uint64_t i = BLOCKS * FT_BLOCK + FT_BLOCK_HEAD; i < AREA; i++)
		if (((uint8_t *)area)[i])
			CHECK(!"nothing is written behind the blocks");
	check_group("blocks are filled to the brim, one after the other");
}

static void test_gs_lost(void)
{
	uint64_t mine[8] = { 0 }, nothing[8] = { 0 };
	int lost = 0;

	reset();
	CHECK_EQ(call(entries[1], NO_CALL, patterns, 0), -38);
	for (int bit = 30; bit < 47; bit++) {
		uint64_t base =
			bit < 32 ? (uint64_t)mine * (bit & 1) : FT_RECORDER_AREAS ^ 1ull << bit;
		struct ft_area before = *area;

		syscall(SYS_arch_prctl, ARCH_SET_GS, base);
		CHECK_EQ(call(entries[1], NO_CALL, patterns, flags_of((unsigned)bit)), NO_CALL);
		CHECK_EQ(traps[FT_TRAP_GS], ++lost);
		CHECK(!memcmp(mine, nothing, sizeof(mine)));
		CHECK(!memcmp(&before, area, sizeof(before)));
	}
	syscall(SYS_arch_prctl, ARCH_SET_GS, area);
	check_group("with another gs nothing is written");
}

static int set_up(void)
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
	ft_recorder_code(code);
	policy = code + FT_RECORDER_CODE;
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

int main(void)
{
	if (set_up()) {
		perror("no recorder");
		return 1;
	}
	test_calls();
	test_mask();
	test_tables();
	test_blocks();
	if (entry_count > 1)
		test_gs_lost();
	return check_result();
}
