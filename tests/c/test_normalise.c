/* At each instruction of the recorder, but for those that capture, a task can be put back. */
#define _GNU_SOURCE
#include "stepped.h"

static void check_record(const struct run *run)
{
	const struct ft_raw raw = record_at(FT_RECORDER_AREAS + run->at);

	if (!run->records)
		return;
	CHECK_EQ((uint32_t)raw.nr, run->nr);
	CHECK_EQ(raw.nr >> 32, brief && run->nr == SYS_rt_sigprocmask);
	CHECK_EQ(raw.ret, run->ret);
	CHECK(brief || !memcmp(raw.args, run->args, sizeof(raw.args)));
	CHECK_EQ(raw.args[0], run->args[0]);
	CHECK(raw.start && raw.start <= raw.end);
}

/* Where a brief record stands when those before it are as many. */
static unsigned place(unsigned at)
{
	if (at + sizeof(struct ft_raw) == FT_BLOCK)
		return FT_BLOCK - SIZE;
	return HEAD + (at - FT_BLOCK_HEAD) / (unsigned)sizeof(struct ft_raw) * SIZE;
}

#define RUN(...) { __VA_ARGS__, 0, false, false, 0, 0, 0, 0, false }

int main(void)
{
	struct run runs[] = {
		RUN(500, { 1, 2, 3, 4, 5, 6 }, 0, FT_RECORDER_RECORD, 64, 1, -38),
		RUN(500, { -1, -2, -3, -4, -5, -6 }, 0xcd5 & ~0x400, FT_RECORDER_RECORD, 64, 1,
			-38),
		RUN(501, { 1, 2, 3, 4, 5, 6 }, 0x801, FT_RECORDER_PASS, 64, 0, -38),
		RUN(60000, { 1, 2, 3, 4, 5, 6 }, 0x40, FT_RECORDER_RECORD, 64 + 96, 1, -38),
		RUN(SYS_rt_sigprocmask, { 0, 0, 0, 8, 5, 6 }, 0x85, FT_RECORDER_MASK, 64, 1, 0),
		RUN(SYS_rt_sigaction, { 200, 0, 0, 8, 5, 6 }, 0x11, FT_RECORDER_TABLE, 64, 1, -22),
		RUN(SYS_rt_sigaction, { 201, 0, 0, 8, 5, 6 }, 0x11, FT_RECORDER_TABLE, 64, 1, -22),
		/* The last of a block: on to the next. */
		RUN(500, { 1, 2, 3, 4, 5, 6 }, 0xd5, FT_RECORDER_RECORD, FT_BLOCK - 96, 1, -38),
	};
	const size_t count = sizeof(runs) / sizeof(runs[0]);
	int steps = 0;
	pid_t pid;

	if (set_up() < 0) {
		perror("mmap");
		return 1;
	}
	verdicts[FT_RECORDER_VERDICTS + 201] = FT_RECORDER_TABLE_UNLESS_NULL;
	pid = stopped_child();
	for (size_t i = 0; i < 2 * count; i++) {
		struct run *run = &runs[i % count];

		set_brief(i >= count);
		run->at = place(run->at);
		steps += step_through(pid, run);
		check_record(run);
		CHECK_EQ(area->cur - FT_RECORDER_AREAS,
			run->records
				? (run->at + SIZE == FT_BLOCK ? FT_BLOCK + HEAD : run->at + SIZE)
				: run->at);
	}
	CHECK(steps > 400);
	check_group("at each instruction of the recorder a task can be put back");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return check_result();
}
