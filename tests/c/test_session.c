/* Whole sessions from C: spawn, follow, filter, stop, and what they leave behind. */
#define _GNU_SOURCE
#include "sessions.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>

static void test_spawn(void)
{
	struct seen seen = RUN(ALL, TRACEE("getppid_loop"), "1234");

	CHECK(seen.started > 0);
	CHECK_EQ(seen.stats.root_pid, seen.started);
	CHECK_EQ(seen.stats.root_status, 0);
	CHECK_EQ(seen.stats.error, 0);
	CHECK_EQ(seen.stats.lost, 0);
	CHECK_EQ(seen.stats.taken, seen.stats.events);
	CHECK_EQ(seen.stats.calls, seen.kinds[FT_KIND_SYSCALL]);
	CHECK_EQ(seen.tallied, seen.stats.calls);
	CHECK_EQ(seen.calls[SYS_getppid], 1234);
	CHECK_EQ(seen.calls[SYS_execve], 1);
	CHECK_EQ(seen.calls[SYS_exit_group], 1);
	CHECK_EQ(seen.kinds[FT_KIND_EXEC], 1);
	CHECK_EQ(seen.kinds[FT_KIND_EXIT], 1);
	CHECK_EQ(seen.processes, 1);
	seen = RUN(FT_OPT_TALLY, TRACEE("getppid_loop"), "10");
	CHECK_EQ(seen.stats.taken, 0);
	CHECK_EQ(seen.tallied, seen.stats.calls);
}

static void test_errors(void)
{
	struct seen seen = RUN(ALL, "/no/such/file");

	CHECK_EQ(seen.started, -ENOENT);
	CHECK_EQ(seen.stage, FT_STAGE_EXEC);
	CHECK_EQ(seen.stats.events, 2);
	CHECK_EQ(seen.calls[SYS_execve], 1);
	CHECK_EQ(seen.errors, 1);
	CHECK_EQ(seen.kinds[FT_KIND_EXIT], 1);
	seen = RUN(ALL, "/");
	CHECK_EQ(seen.started, -EACCES);
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	CHECK_EQ(errno, ECHILD);
}

static void test_follow(void)
{
	struct seen seen = RUN(ALL, TRACEE("fork_tree"), "5");

	CHECK_EQ(seen.processes, 63);
	CHECK_EQ(seen.kinds[FT_KIND_FORK], 62);
	CHECK_EQ(seen.kinds[FT_KIND_EXIT], 63);
	CHECK_EQ(seen.stats.root_status, 0);
	seen = RUN(ALL & ~FT_OPT_FOLLOW, TRACEE("fork_tree"), "5");
	CHECK_EQ(seen.processes, 1);
	CHECK_EQ(seen.kinds[FT_KIND_EXIT], 1);
	CHECK_EQ(seen.stats.root_status, 0);
	seen = RUN(ALL, TRACEE("exec_from_thread"));
	CHECK_EQ(seen.stats.root_status, 6 << 8);
	CHECK_EQ(seen.processes, 1);
	CHECK_EQ(seen.kinds[FT_KIND_EXEC], 2);
}

static void test_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	uint16_t policy[FT_NR_MAX] = { [SYS_getppid] = FT_POLICY_RECORD };
	struct ft_config config = { .options = ALL,
		.policy = { policy },
		.filter = code,
		.filter_len = sizeof(code) / sizeof(code[0]) };
	char *argv[] = { TRACEE("getppid_loop"), "100", NULL };
	struct seen seen = run(&config, argv);
	uint64_t stops = seen.stats.stops;
	struct ft_session *s;
	enum ft_stage stage;

	CHECK_EQ(seen.calls[SYS_getppid], 100);
	CHECK_EQ(seen.stats.calls, 100);
	CHECK(stops < 2 * 100 + 10);
	config.options |= FT_OPT_ENTRY_ONLY;
	seen = run(&config, argv);
	CHECK_EQ(seen.stats.calls, 100);
	CHECK(seen.stats.stops <= stops - 100);
	config.filter = NULL; /* the tracer sorts out what is wanted */
	config.options = ALL;
	seen = run(&config, argv);
	CHECK_EQ(seen.stats.calls, 100);
	config.filter = code;
	s = open_session(&config);
	CHECK_EQ(ft_attach(s, getppid(), &stage), -EINVAL);
	CHECK_EQ(ft_stop(s, FT_STOP_DETACH), -EINVAL);
	ft_close(s);
}

static void test_signal_and_kill(void)
{
	struct seen seen = { 0 };
	struct ft_session *s;
	int idle[2];

	if (pipe2(idle, O_CLOEXEC) < 0)
		abort();
	s = open_session(&(struct ft_config){ .options = ALL });
	CHECK(spawn(s, (char *[]){ TRACEE("reader"), NULL }, idle[0], &seen.stage) > 0);
	CHECK_EQ(ft_wait(s, 1000000), 0);
	CHECK_EQ(ft_signal(s, SIGTERM), 0);
	finish(s, &seen);
	CHECK_EQ(seen.stats.root_status, SIGTERM);
	CHECK_EQ(seen.kinds[FT_KIND_SIGNAL], 1);

	memset(&seen, 0, sizeof(seen));
	s = open_session(&(struct ft_config){ .options = ALL });
	CHECK(spawn(s, (char *[]){ TRACEE("reader"), NULL }, idle[0], &seen.stage) > 0);
	CHECK_EQ(ft_stop(s, FT_STOP_KILL), 0);
	CHECK_EQ(ft_stop(s, FT_STOP_KILL), 0);
	finish(s, &seen);
	CHECK_EQ(seen.stats.root_status, SIGKILL);

	/* Closing kills too, with nobody taking the events. */
	s = open_session(
		&(struct ft_config){ .options = ALL, .block_events = 4, .queue_blocks = 1 });
	CHECK(spawn(s, (char *[]){ TRACEE("getppid_loop"), "1000000000", NULL }, idle[0],
		      &seen.stage) > 0);
	ft_close(s);
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	close(idle[0]);
	close(idle[1]);
}

static void *one_session(void *arg)
{
	struct seen *seen = arg;

	*seen = RUN(ALL, TRACEE("many_processes"), "20");
	return NULL;
}

static void test_side_by_side(void)
{
	struct seen seen[4];
	pthread_t thread[4];
	int status;
	pid_t own = fork();

	if (own == 0)
		_exit(33);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, one_session, &seen[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		CHECK_EQ(seen[i].processes, 21);
		CHECK_EQ(seen[i].stats.calls, seen[0].stats.calls);
		CHECK_EQ(seen[i].stats.lost, 0);
	}
	CHECK_EQ(waitpid(own, &status, 0), own); /* no session took our own child */
	CHECK_EQ(status, 33 << 8);
}

/* The tracees record themselves: the same calls, at a few stops. */
static void test_inline(void)
{
	char *const tracees[][3] = { { TRACEE("getppid_loop"), "50000", NULL },
		{ TRACEE("fork_tree"), NULL, NULL }, { TRACEE("many_processes"), "20", NULL },
		{ TRACEE("exec_from_thread"), NULL, NULL } };
	const struct ft_config by_ptrace = { .options = ALL },
			       by_itself = { .options = ALL, .engine = FT_ENGINE_INLINE };

	if (ft_inline_unusable()) {
		printf("not here: %s\n", ft_inline_unusable());
		return;
	}
	for (size_t i = 0; i < sizeof(tracees) / sizeof(tracees[0]); i++) {
		struct seen a = run(&by_ptrace, tracees[i]), b = run(&by_itself, tracees[i]);

		CHECK(b.started > 0);
		CHECK_EQ(b.stats.root_status, a.stats.root_status);
		CHECK_EQ(b.stats.lost, 0);
		CHECK_EQ(b.processes, a.processes);
		CHECK_EQ(b.tallied, b.stats.calls);
		CHECK_EQ(b.calls[SYS_exit_group], a.calls[SYS_exit_group]);
		CHECK_EQ(b.calls[SYS_execve], a.calls[SYS_execve]);
		/* Waits that a SIGCHLD interrupts, and threads that race, are a matter of time. */
		if (i == 0) {
			CHECK(!memcmp(a.calls, b.calls, sizeof(a.calls)));
			CHECK_EQ(b.errors, a.errors);
		}
		CHECK(i || b.stats.stops < 300);
	}
}

/* Where only counts are wanted they are there while the program runs, and only grow. */
static void test_counts(void)
{
	char *const argv[] = { TRACEE("getppid_loop"), "200000", NULL };

	for (uint32_t by = 0; by <= FT_OPT_BY_PROCESS; by += FT_OPT_BY_PROCESS) {
		const struct ft_config config = { .options = FT_OPT_FOLLOW | FT_OPT_TALLY | by,
			.engine = FT_ENGINE_INLINE };
		struct ft_session *s = open_session(&config);
		struct seen seen = { 0 };
		uint64_t last = 0;

		CHECK(spawn(s, argv, -1, &seen.stage) > 0);
		while (ft_wait(s, 1000000) != 1) {
			struct ft_tally *tally;
			uint64_t calls = 0;

			CHECK_EQ(ft_get_tally(s, &tally), 0);
			for (size_t i = 0; i < ft_tally_rows(tally); i++) {
				const struct ft_tally_row *row = ft_tally_row(tally, i);

				CHECK(row->finished <= row->calls);
				calls += row->calls;
				CHECK(row->nr != SYS_getppid || row->calls <= 200000);
			}
			ft_tally_free(tally);
			CHECK(calls >= last);
			last = calls;
		}
		finish(s, &seen);
		CHECK_EQ(seen.tallied, seen.stats.calls);
		CHECK(seen.tallied > 200000 && seen.tallied < 200100);
	}
}

int main(void)
{
	int descriptors = open_descriptors();

	test_spawn();
	check_group("a command: every call, every event, its status");
	test_errors();
	check_group("what cannot be started is told, and leaves no child");
	test_follow();
	check_group("children are followed, or not; an exec from a thread is the process's");
	test_filter();
	check_group("a filter selects in the kernel");
	test_signal_and_kill();
	check_group("signals, kill and close end the tree");
	test_side_by_side();
	check_group("sessions side by side, and children of our own");
	test_inline();
	check_group("tracees that record themselves show what ptrace shows");
	if (!ft_inline_unusable())
		test_counts();
	check_group("counts can be read while tracees write");
	CHECK_EQ(open_descriptors(), descriptors);
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	check_group("no descriptor and no child is left");
	return check_result();
}
