/*
 * Capture programs in the recorder: what it copies, before and after a call, and that a task can be put back
 * at each of its instructions, whatever can be read.
 */
#define _GNU_SOURCE
#include "stepped.h"

#include "tables/capture.h"

#define NR	 502u /* no call: -ENOSYS */
#define STRINGS	 0x20000u /* where stepped.h puts items */
#define PAGE	 4096u
#define EXIT	 FT_PAYLOAD_EXIT
#define CUT	 FT_PAYLOAD_TRUNCATED
#define FAULT	 FT_PAYLOAD_FAULT
#define BAD	 8ul
#define MASK_NR	 14u
#define WORDS_AT ((FT_RECORDER_OPS - FT_RECORDER_PROGRAMS) / 8)

struct want {
	uint8_t arg, type;
	uint16_t flags;
	const void *bytes;
	uint32_t length;
};

struct test {
	const char *what;
	struct run run;
	uint64_t entry[12], exit[12]; /* ops */
	struct want want[5];
	int faults, traps_before, traps_after;
};

static uint8_t text[64];
static uint8_t *edge; /* behind it nothing can be read */
static uint32_t count = 5;
static uint64_t set, bus; /* SIGUSR1, SIGBUS */

#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

/* The ops where the recorder looks for them. */
static void put_program(uint32_t nr, const struct test *t)
{
	uint64_t *words = (uint64_t *)(verdicts + FT_RECORDER_VERDICTS + FT_RECORDER_PROGRAMS);
	size_t n = WORDS_AT;

	((uint16_t *)words)[nr] = WORDS_AT;
	for (int i = 0; t->entry[i]; i++)
		words[n++] = t->entry[i];
	words[n++] = 0;
	for (int i = 0; t->exit[i]; i++)
		words[n++] = t->exit[i];
	words[n++] = 0;
}

static void check_items(const struct test *t)
{
	const struct ft_raw *raw = (const struct ft_raw *)((uint8_t *)area + t->run.at);
	const uint8_t *at = (const uint8_t *)area + STRINGS;

	CHECK_EQ(raw->strings & ~FT_RAW_ASKED, (uint32_t)FT_RECORDER_AREAS + STRINGS);
	for (const struct want *w = t->want; w->type; w++) {
		struct ft_payload item;

		memcpy(&item, at, sizeof(item));
		CHECK_EQ(item.arg, w->arg);
		CHECK_EQ(item.type, w->type);
		CHECK_EQ(item.flags, w->flags);
		CHECK_EQ(item.length, w->length);
		CHECK_EQ(item.address, raw->args[w->arg]);
		CHECK(!memcmp(at + sizeof(item), w->bytes, w->length));
		for (size_t i = sizeof(item) + w->length; i < FT_PAYLOAD_SIZE(w->length); i++)
			CHECK_EQ(at[i], 0);
		at += FT_PAYLOAD_SIZE(w->length);
	}
	CHECK_EQ(raw->end_of_strings, (uint32_t)(FT_RECORDER_AREAS + (at - (uint8_t *)area)));
	CHECK_EQ((uint32_t)area->strings, raw->end_of_strings);
}

static void run_test(pid_t pid, struct test *t, uint64_t flags, int *steps)
{
	const struct ft_raw *raw = (const struct ft_raw *)((uint8_t *)area + t->run.at);
	uint8_t *tables = verdicts + FT_RECORDER_VERDICTS;
	struct ft_capture_ioctls *ioctls =
		(struct ft_capture_ioctls *)(tables + FT_RECORDER_IOCTLS);

	memset(tables, 0, FT_RECORDER_TABLES_SIZE);
	for (int i = 0; i < FT_RECORDER_TABLES; i++)
		tables[i * 256 + (uint8_t)t->run.args[0]] =
			t->run.args[1] ? FT_RECORDER_TABLE_RECORD : FT_RECORDER_TABLE_UNLESS_NULL;
	ioctls->row['T'] = 1;
	ioctls->size[1][3] = 12 | FT_IOCTL_IN | FT_IOCTL_OUT;
	ioctls->size[1][4] = 12 | FT_IOCTL_OUT;
	ioctls->row[0x89] = FT_IOCTL_ROWS - 1;
	ioctls->size[FT_IOCTL_ROWS - 1][0xff] = 40 | FT_IOCTL_IN;
	put_program(t->run.nr & 511, t);
	t->run.flags = flags;
	t->run.faults = t->run.traps_before = t->run.traps_after = 0;
	*steps += step_through(pid, &t->run);
	CHECK_EQ(raw->nr, t->run.nr);
	CHECK_EQ(raw->ret, t->run.ret);
	CHECK(!memcmp(raw->args, t->run.args, sizeof(raw->args)));
	CHECK(raw->start && raw->start <= raw->end);
	CHECK_EQ(area->cur - FT_RECORDER_AREAS,
		t->run.at + 96 == FT_BLOCK ? FT_BLOCK + FT_BLOCK_HEAD : t->run.at + 96);
	CHECK_EQ(t->run.faults, t->faults);
	CHECK_EQ(t->run.traps_before, t->traps_before);
	CHECK_EQ(t->run.traps_after, t->traps_after);
	if (t->run.nr == MASK_NR) {
		CHECK(raw->strings & FT_RAW_ASKED);
		CHECK_EQ(area->mask, raw->mask);
	}
	check_items(t);
}

#define RUN(nr, ret, ...)                                                                          \
	{ nr, { __VA_ARGS__ }, 0, FT_RECORDER_CAPTURE, 64, 1, ret, 0, false, false, 0, 0, 0, 0,    \
		false }
#define S(i, flags, bytes, length) { i, FT_PAYLOAD_STRING, flags, bytes, length }
#define B(i, flags, bytes, length) { i, FT_PAYLOAD_BYTES, flags, bytes, length }

int main(void)
{
	static const char path[] = "/a/path";
	uint64_t *old;
	int steps = 0;
	pid_t pid;

	set = 1ull << (SIGUSR1 - 1);
	bus = 1ull << (SIGBUS - 1);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)('a' + i % 26);
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (set_up() < 0 || edge == MAP_FAILED || mprotect(edge + PAGE, PAGE, PROT_NONE)) {
		perror("mmap");
		return 1;
	}
	old = (uint64_t *)edge;
	edge += PAGE;
	memset(edge - 64, 'e', 64);
	struct test tests[] = {
		{ "nothing to do", RUN(NR, -38, 1, 2, 3, 4, 5, 6), { 0 }, { 0 }, { { 0 } }, 0, 0,
			0 },
		{ "a path, and none", RUN(NR, -38, P(path), 0, P(""), 4, 5, 6),
			{ FT_OP(0, FT_OP_STRING, 0, 0, 1, 4096),
				FT_OP(1, FT_OP_STRING, 0, 0, 1, 4096),
				FT_OP(2, FT_OP_STRING, 0, 0, 1, 4096) },
			{ 0 }, { S(0, 0, path, 7), S(2, 0, "", 0) }, 0, 0, 0 },
		{ "paths that are cut", RUN(NR, -38, P(text), P(edge - 3), BAD, 1ul << 63, 5, 6),
			{ FT_OP(0, FT_OP_STRING, 0, 0, 1, 20),
				FT_OP(1, FT_OP_STRING, 0, 0, 1, 4096),
				FT_OP(2, FT_OP_STRING, 0, 0, 1, 4096),
				FT_OP(3, FT_OP_STRING, 0, 0, 1, 4096) },
			{ 0 },
			{ S(0, CUT, text, 20), S(1, CUT | FAULT, "eee", 3), S(2, FAULT, "", 0),
				S(3, FAULT, "", 0) },
			3, 0, 0 },
		{ "structures of all lengths", RUN(NR, -38, P(text), P(text + 1), 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096), FT_OP(1, FT_OP_ONE, 0, 0, 27, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 1, 4096), FT_OP(0, FT_OP_ONE, 0, 0, 33, 32) },
			{ B(0, 0, text, 8), B(1, 0, text + 1, 27), B(0, EXIT, text, 1),
				B(0, EXIT | CUT, text, 32) },
			0, 0, 0 },
		{ "an end of memory",
			RUN(NR, -38, P(edge - 8), P(edge - 11), P(edge - 3), BAD, P(edge), 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096), FT_OP(1, FT_OP_ONE, 0, 0, 16, 4096),
				FT_OP(2, FT_OP_ONE, 0, 0, 4, 4096) },
			{ FT_OP(3, FT_OP_ONE, 0, 0, 4, 4096), FT_OP(4, FT_OP_ONE, 0, 0, 24, 16) },
			{ B(0, 0, edge - 8, 8), B(1, CUT | FAULT, edge - 11, 11),
				B(2, CUT | FAULT, edge - 3, 3), B(3, EXIT | FAULT, "", 0),
				B(4, EXIT | FAULT, "", 0) },
			6, 0, 0 },
		{ "as many as an argument says", RUN(NR, -38, P(text), 3, 0, -1ul, 1ul << 32, 65),
			{ FT_OP(0, FT_OP_ARGUMENT, 1, 0, 4, 4096),
				FT_OP(0, FT_OP_ARGUMENT, 2, 0, 4, 4096),
				FT_OP(0, FT_OP_ARGUMENT, 3, 0, 8, 40),
				FT_OP(0, FT_OP_ARGUMENT, 4, 0, 1, 7) },
			{ FT_OP(0, FT_OP_ARGUMENT, 5, 0, 0, 4096) },
			{ B(0, 0, text, 12), B(0, 0, text, 0), B(0, CUT, text, 40),
				B(0, CUT, text, 7), B(0, EXIT, text, 16) },
			0, 0, 0 },
		{ "as many as stands there", RUN(NR, -38, P(text), P(&count), BAD, 0, 5, 6),
			{ FT_OP(0, FT_OP_BEHIND, 1, 0, 2, 4096),
				FT_OP(0, FT_OP_BEHIND, 2, 0, 2, 4096) },
			{ FT_OP(0, FT_OP_BEHIND, 3, 0, 2, 4096),
				FT_OP(0, FT_OP_BEHIND, 1, 0, 1, 3) },
			{ B(0, 0, text, 10), B(0, EXIT | CUT, text, 3) }, 1, 0, 0 },
		{ "not of a call that failed", RUN(NR, -38, P(text), 2, 3, 4, 5, 6), { 0 },
			{ FT_OP(0, FT_OP_ONE | FT_OP_IF_SUCCESS, 0, 0, 8, 4096),
				FT_OP(0, FT_OP_RESULT, 0, 0, 1, 4096) },
			{ B(0, EXIT, text, 0) }, 0, 0, 0 },
		{ "as many as the result", RUN(SYS_dup2, 50, 0, 50, P(text), 0, 0, 0), { 0 },
			{ FT_OP(2, FT_OP_RESULT | FT_OP_IF_SUCCESS, 0, 0, 1, 4096) },
			{ B(2, EXIT, text, 50) }, 0, 0, 0 },
		{ "conditions", RUN(NR, -38, P(text), 0x180 | 3, 64, 4 | 1ul << 32, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 2, 2, 4096), FT_OP_IF(0x7f, 0), 1 << 3 | 1 << 9,
				FT_OP(0, FT_OP_ONE, 0, 3, 3, 4096), FT_OP_IF(-1, 0), -1ul,
				FT_OP(0, FT_OP_ONE, 0, 5, 5, 4096), FT_OP_IF(-1, 0), ~(1ul << 5) },
			{ FT_OP(0, FT_OP_ONE, 0, 2, 4, 4096), FT_OP_IF(-1, 0), 1 << 3,
				FT_OP(0, FT_OP_ONE, 0, 5, 6, 4096), FT_OP_IF(-1, 0), 1 << 5 },
			{ B(0, 0, text, 2), B(0, EXIT, text, 6) }, 0, 0, 0 },
		{ "conditions of large values, of the lower half",
			RUN(NR, -38, P(text), 1035, 0xc0045400, 7ul << 32 | 1087, 0xffffffff, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 2, 2, 4096), FT_OP_IF(-1, 1035), 1,
				FT_OP(0, FT_OP_ONE, 0, 2, 3, 4096), FT_OP_IF(-1, 1036), -1ul,
				FT_OP(0, FT_OP_ONE, 0, 3, 4, 4096), FT_OP_IF(-1, 0xc00453ff), 2 },
			{ FT_OP(0, FT_OP_ONE, 0, 4, 5, 4096), FT_OP_IF(-1, 1024), 1ul << 63,
				FT_OP(0, FT_OP_ONE, 0, 4, 6, 4096), FT_OP_IF(-1, 1023), -1ul,
				FT_OP(0, FT_OP_ONE, 0, 5, 7, 4096), FT_OP_IF(0xf0, 0xf0), 1 },
			{ B(0, 0, text, 2), B(0, 0, text, 4), B(0, EXIT, text, 5),
				B(0, EXIT, text, 7) },
			0, 0, 0 },
		{ "ioctl both ways",
			RUN(NR, -38, 1, 0xc0000000u | 20 << 16 | 'x' << 8, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ B(2, 0, text, 20), B(2, EXIT, text, 20) }, 0, 0, 0 },
		{ "ioctl that reads",
			RUN(NR, -38, 1, 0x40000000u | 9 << 16 | 'x' << 8, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { B(2, 0, text, 9) }, 0, 0, 0 },
		{ "ioctl that writes, of size 0",
			RUN(NR, -38, 1, 0x80000000u | 'x' << 8, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { { 0 } }, 0, 0, 0 },
		{ "a terminal's", RUN(NR, -38, 1, 0x5403, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 10) },
			{ B(2, 0, text, 12), B(2, EXIT | CUT, text, 10) }, 0, 0, 0 },
		{ "a terminal's that writes", RUN(NR, -38, 1, 0x5404, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { B(2, EXIT, text, 12) }, 0, 0,
			0 },
		{ "a socket's, the last of the last row", RUN(NR, -38, 1, 0x89ff, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { B(2, 0, text, 40) }, 0, 0, 0 },
		{ "a command of no row", RUN(NR, -38, 1, 0x8803, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { { 0 } }, 0, 0, 0 },
		{ "its own size counts", RUN(NR, -38, 1, 0x40055403, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) },
			{ FT_OP(2, FT_OP_IOCTL, 0, 0, 1, 4096) }, { B(2, 0, text, 5) }, 0, 0, 0 },
		{ "a mask", RUN(MASK_NR, 0, SIG_BLOCK, P(&set), P(old), 8, 5, 6),
			{ FT_OP(1, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(2, FT_OP_ONE | FT_OP_IF_SUCCESS, 0, 0, 8, 4096) },
			{ B(1, 0, &set, 8), B(2, EXIT, old, 8) }, 0, 0, 0 },
		{ "for the tracer before", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096), FT_OP(0, FT_OP_TRACER, 0, 0, 0, 0) },
			{ 0 }, { { 0 } }, 0, 1, 1 },
		{ "for the tracer after", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096), FT_OP(0, FT_OP_TRACER, 0, 0, 0, 0) },
			{ B(0, 0, text, 8) }, 0, 0, 1 },
		{ "at the end of a block", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 9, 4096) },
			{ B(0, 0, text, 8), B(0, EXIT, text, 9) }, 0, 0, 0 },
		{ "with SIGSEGV blocked", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 9, 4096) }, { { 0 } }, 0, 1, 1 },
		{ "with SIGBUS blocked", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) }, { 0 }, { { 0 } }, 0, 1, 1 },
		{ "without room", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 9, 4096) }, { { 0 } }, 0, 1, 1 },
		{ "as the tracer sends it", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 9, 4096) }, { { 0 } }, 0, 0, 1 },
		{ "as the tracer sends it, but for the exit", RUN(NR, -38, P(text), 2, 3, 4, 5, 6),
			{ FT_OP(0, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(0, FT_OP_ONE, 0, 0, 9, 4096) }, { B(0, EXIT, text, 9) }, 0, 0, 0 },
		{ "a mask that blocks SIGBUS", RUN(MASK_NR, 0, SIG_BLOCK, P(&bus), P(old), 8, 5, 6),
			{ FT_OP(1, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(2, FT_OP_ONE | FT_OP_IF_SUCCESS, 0, 0, 8, 4096) },
			{ B(1, 0, &bus, 8), B(2, EXIT, old, 8) }, 0, 0, 0 },
		{ "by a table", RUN(NR, -38, P(text) & ~0xfful, 2, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(2, FT_OP_ONE, 0, 0, 9, 4096) },
			{ B(2, 0, text, 8), B(2, EXIT, text, 9) }, 0, 0, 0 },
		{ "by a table, with NULL", RUN(NR, -38, P(text) & ~0xfful, 0, P(text), 4, 5, 6),
			{ FT_OP(2, FT_OP_ONE, 0, 0, 8, 4096) },
			{ FT_OP(2, FT_OP_ONE, 0, 0, 9, 4096) },
			{ B(2, 0, text, 8), B(2, EXIT, text, 9) }, 0, 0, 0 },
	};
	const size_t n = sizeof(tests) / sizeof(tests[0]);

	tests[n - 9].run.at = FT_BLOCK - 96;
	tests[n - 8].run.mask = 1 << (SIGSEGV - 1);
	tests[n - 7].run.mask = 1 << (SIGBUS - 1);
	tests[n - 6].run.no_room = true;
	tests[n - 5].run.traced = tests[n - 4].run.traced = true;
	tests[n - 4].run.exit_ops = FT_RECORDER_BASE + FT_RECORDER_CODE + FT_RECORDER_VERDICTS +
				    FT_RECORDER_PROGRAMS + 8 * (WORDS_AT + 2);
	pid = stopped_child();
	for (size_t i = 0; i < n; i++) {
		int before = check_failed;

		for (int table = 0; table < (i >= n - 2 ? FT_RECORDER_TABLES : 1); table++) {
			static const uint64_t flags[] = { 0, 0x8d5, 0x800, 0x41, 0x4d5, 0x4 };

			if (i >= n - 2)
				tests[i].run.code = (uint8_t)(FT_RECORDER_TABLE_CAPTURE + table);
			for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
				run_test(pid, &tests[i], flags[f], &steps);
		}
		if (check_failed != before)
			fprintf(stderr, "%s\n", tests[i].what);
	}
	CHECK(steps > 10000);
	check_group("what arguments point to is copied, and a task can be put back at each "
		    "instruction");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return check_result();
}
