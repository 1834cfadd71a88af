/* The recorder's code, run in this process: what a program sees of it, and its records. */
#define _GNU_SOURCE
#include "recorded.h"

#include <errno.h>

/* One that leaves a record. */
static struct ft_raw recorded(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags)
{
	const uint64_t at = area->cur;
	uint64_t before = __rdtsc(), after;
	struct ft_raw raw;
	unsigned cpu;
	int64_t ret;

	_mm_lfence();
	ret = call(entry, nr, args, flags);
	after = __rdtscp(&cpu);
	raw = record_at(at);
	CHECK_EQ(area->busy, at);
	CHECK_EQ(area->cur, at + SIZE);
	CHECK_EQ(area->ret, back);
	CHECK_EQ(raw.nr, nr | (brief && nr == SYS_rt_sigprocmask ? FT_BRIEF_MARK : 0));
	CHECK(brief || !memcmp(raw.args, args, sizeof(raw.args)));
	CHECK_EQ(raw.args[0], args[0]); /* it may be a fork */
	CHECK_EQ(raw.ret, ret);
	CHECK(before <= raw.start && raw.start <= raw.end && raw.end <= after);
	return raw;
}

static void passed(uint64_t entry, uint64_t nr, const uint64_t args[6], uint64_t flags, int64_t ret)
{
	struct ft_area before = *area;

	CHECK_EQ(call(entry, nr, args, flags), ret);
	before.ret = (uint64_t)back;
	CHECK(!memcmp(&before, area, sizeof(before)));
}

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
	verdicts[(nr & 0xffff) ^ 1] = FT_RECORDER_TRAP;
	CHECK_EQ(recorded(entry, nr, patterns, flags).ret, ret);
	CHECK_EQ(area->cur, first_record(0) + SIZE);
	verdicts[nr & 0xffff] = FT_RECORDER_PASS;
	passed(entry, nr, patterns, flags, ret);
	CHECK_EQ(traps[FT_TRAP_VERDICT], 0);
}

/* A number of more than 16 bits is not looked up by its lower half. */
static void check_verdict_trap(uint64_t entry, uint64_t nr, uint64_t flags, int64_t ret)
{
	verdicts[nr & 0xffff] = (uint32_t)nr >> 16 ? FT_RECORDER_RECORD : FT_RECORDER_TRAP;
	passed(entry, nr, patterns, flags, ret);
	go_on = ft_recorder_pass();
	passed(entry, nr, patterns, flags, ret);
	go_on = ft_recorder_record(nr);
	CHECK_EQ(recorded(entry, nr, patterns, flags).ret, ret);
	CHECK_EQ(traps[FT_TRAP_VERDICT], 3);
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
		each_way(numbers[i], check_verdict_trap);
	check_group("what needs the tracer stops before it has done anything");
}

static void check_mask(struct ft_raw raw, int64_t ret)
{
	uint64_t mask = 0;

	CHECK_EQ(raw.ret, ret);
	CHECK_EQ(raw.strings, FT_RAW_ASKED);
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	CHECK(brief || raw.mask == mask);
	CHECK_EQ(area->mask, mask);
}

static void test_mask(void)
{
	const uint64_t set = 1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMAX - 1),
		       nr = SYS_rt_sigprocmask;
	uint64_t old, args[6] = { SIG_BLOCK, (uint64_t)&set, (uint64_t)&old, 8, -5ull, -6ull };

	reset();
	verdicts[nr] = FT_RECORDER_MASK;
	for (unsigned i = 0; i < 128; i++) {
		args[0] = i & 1 ? SIG_UNBLOCK : SIG_BLOCK;
		check_mask(recorded(entries[i % entry_count], nr, args, flags_of(i / 2)), 0);
		CHECK_EQ(area->mask & set, i & 1 ? 0 : set);
		area->mask = 0;
		CHECK_EQ(old & set, i & 1 ? set : 0);
		args[0] = 99;
		check_mask(recorded(entries[0], nr, args, flags_of(i / 2)), -EINVAL);
		area->mask = 0;
	}
	check_group("the signal mask is noted");
}

static void test_tables(void)
{
	uint8_t *tables = verdicts + FT_RECORDER_VERDICTS;

	for (unsigned i = 0; i < FT_RECORDER_TABLES * FT_RECORDER_TABLES * 256; i++) {
		unsigned low = i % 256, mine = i / 256 % FT_RECORDER_TABLES;
		uint64_t other = i / 256 / FT_RECORDER_TABLES, args[6] = { 0xabcdef00 | low, 2 };

		reset();
		verdicts[NO_CALL] = (uint8_t)(FT_RECORDER_TABLE + mine);
		tables[other * 256 + low] = FT_RECORDER_TABLE_TRAP;
		go_on = ft_recorder_record(NO_CALL);
		recorded(entries[i % entry_count], NO_CALL, args, flags_of(i % 64));
		CHECK_EQ(traps[FT_TRAP_VERDICT], mine == other);
	}
	check_group("an argument's low byte decides, each number by its own table");
	for (unsigned i = 0; i < 2 * FT_RECORDER_TABLES * 256; i++) {
		static const uint64_t pointers[] = { 0, 1, 1ull << 32, 1ull << 63 };
		unsigned low = i % 256, mine = i / 256 % FT_RECORDER_TABLES;
		uint64_t null_too = i / 256 / FT_RECORDER_TABLES,
			 args[6] = { 0xabcdef00 | low, pointers[i % 4] };

		reset();
		verdicts[NO_CALL] = (uint8_t)(FT_RECORDER_TABLE + mine);
		tables[mine * 256 + low] =
			null_too ? FT_RECORDER_TABLE_TRAP : FT_RECORDER_TABLE_UNLESS_NULL;
		go_on = ft_recorder_record(NO_CALL);
		recorded(entries[i % entry_count], NO_CALL, args, flags_of(i % 64));
		CHECK_EQ(traps[FT_TRAP_VERDICT], null_too || args[1]);
	}
	check_group("or whether the other argument is NULL");
}

static void test_fork(void)
{
	for (unsigned i = 0; i < 64 * 64; i++) {
		unsigned bit = i / 64;
		uint64_t args[6] = { FT_FORK_FLAGS ^ (bit ? 1ull << bit : 0), bit };

		reset();
		verdicts[NO_CALL] = FT_RECORDER_FORK;
		go_on = ft_recorder_record(NO_CALL);
		recorded(entries[i % entry_count], NO_CALL, args, flags_of(i % 64));
		CHECK_EQ(traps[FT_TRAP_VERDICT], bit != 0);
	}
	check_group("who forks as fork(3) does is recorded, and who does otherwise stops first");
}

int main(void)
{
	if (set_up()) {
		perror("no recorder");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		set_brief(i);
		test_calls();
		test_mask();
		test_tables();
		test_fork();
	}
	return check_result();
}
