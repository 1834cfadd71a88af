/* At each instruction by which a thread is made the registers can be given back, and what cannot be made so traps. */
#define _GNU_SOURCE
#define AREA 0x180000u
#include "stepped.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>

#define GLIBC 0x3d0f00u
#define TAKEN (CLONE_PTRACE | CLONE_UNTRACED)

static void checks(pid_t pid, struct run *run, int traps)
{
	int steps = step_through(pid, run);
	struct ft_raw raw = record_at(FT_RECORDER_AREAS + run->at);

	CHECK(steps > 20);
	CHECK_EQ(run->traps_before, traps);
	CHECK_EQ(raw.nr, run->nr);
	CHECK(!memcmp(raw.args, run->args, brief ? sizeof(raw.args[0]) : sizeof(raw.args)));
	CHECK_EQ(area->cur, FT_RECORDER_AREAS + run->at + SIZE);
	CHECK_EQ(birth()->ready, birth()->args_at); /* for the next one */
}

static void test_attempts(pid_t pid, struct clone_args *args)
{
	for (unsigned i = 0; i < 64; i++) {
		struct run run = { .nr = SYS_clone3,
			.args = { (uint64_t)args, sizeof(*args), 3, 4, 5, 6 },
			.flags = (i & 31) * 0x41 & 0xcd5,
			.code = FT_RECORDER_BIRTH,
			.at = HEAD + (i & 32 ? SIZE : 0),
			.births = true,
			.ret = -EINVAL };

		checks(pid, &run, 0);
		CHECK_EQ(birth()->args[0], GLIBC | TAKEN);
		CHECK(!memcmp(&birth()->args[1], &args->pidfd, sizeof(*args) - 8));
		CHECK_EQ(birth()->first, args);
		CHECK_EQ(birth()->ret, area->ret);
	}
	check_group("a thread that cannot be made leaves all as it was");
}

/* Each time something is not as it has to be. */
static void test_others(pid_t pid, struct clone_args *args, struct clone_args *away)
{
	for (size_t i = 0; i < 9; i++) {
		struct run run = { .nr = i < 8 ? SYS_clone3 : SYS_clone,
			.args = { (uint64_t)args, sizeof(*args), 3, 4, 5, 6 },
			.code = FT_RECORDER_BIRTH,
			.at = FT_BLOCK_HEAD,
			.births = true,
			.ret = -EINVAL };

		if (i < 5)
			run.args[0] = (uint64_t)&args[1 + i];
		else if (i == 5)
			run.args[1] = 64;
		else if (i == 6)
			run.args[0] = (uint64_t)away;
		else if (i == 7)
			run.args[0] = 8, run.ret = -EFAULT;
		else
			run.args[0] = CLONE_THREAD;
		checks(pid, &run, 1);
	}
	check_group("what is no thread as glibc makes it is the tracer's");
}

static void test_busy(pid_t pid, struct clone_args *args)
{
	struct run run = { .nr = SYS_clone3,
		.args = { (uint64_t)args, sizeof(*args), 3, 4, 5, 6 },
		.code = FT_RECORDER_BIRTH,
		.at = FT_BLOCK_HEAD,
		.ret = -EINVAL };

	CHECK(step_through(pid, &run) > 20);
	CHECK_EQ(run.traps_before, 1);
	CHECK_EQ(birth()->ready, 0);
	check_group("while a child is on its way the tracer is asked for the next");
}

static void test_childless(void)
{
	int found = 0;

	for (uint64_t ip = FT_RECORDER_BASE; ip < FT_RECORDER_BASE + FT_RECORDER_CODE; ip++) {
		struct user_regs_struct regs = { .rip = ip, .rax = 77 };

		if (!ft_recorder_is_born(ip))
			continue;
		found++;
		CHECK(!ft_recorder_is_childless(&regs));
		regs.rax = (uint64_t)-EAGAIN;
		CHECK(ft_recorder_is_childless(&regs));
		regs.rip -= 2; /* at its call */
		regs.rax = SYS_clone3;
		CHECK(ft_recorder_is_childless(&regs));
		regs.rip = ft_recorder_pass();
		CHECK(!ft_recorder_is_childless(&regs));
	}
	CHECK_EQ(found, 2); /* with brief records, and without */
	check_group("whether a child is to be expected");
}

int main(void)
{
	static const uint64_t flags[] = { GLIBC ^ CLONE_VM, GLIBC | CLONE_VFORK, GLIBC | TAKEN,
		GLIBC | 1ull << 32, 0 };
	static struct clone_args away = { .flags = CLONE_THREAD };
	struct clone_args args[6]; /* above the child's stack pointer */
	pid_t pid;

	if (set_up())
		return 1;
	memset(args, 0, sizeof(args));
	args[0].flags = GLIBC;
	args[0].exit_signal = SIGCHLD; /* which a thread has not: EINVAL */
	for (int i = 1; i < 6; i++)
		args[i].exit_signal = 1000;
	for (int i = 0; i < 5; i++)
		args[1 + i].flags = flags[i];
	pid = stopped_child();
	for (int i = 0; i < 2; i++) {
		set_brief(i);
		test_attempts(pid, args);
	}
	set_brief(false);
	test_others(pid, args, &away);
	test_busy(pid, args);
	test_childless();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return check_result();
}
