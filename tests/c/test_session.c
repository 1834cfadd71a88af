/* Whole sessions from C: spawn, follow, filter, stop, attach, and what they leave behind. */
#define _GNU_SOURCE
#include "fasttrace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define TRACEE(name) TRACEES name
#define ALL	     (FT_OPT_FOLLOW | FT_OPT_EVENTS | FT_OPT_TALLY)
#define RUN(wanted, ...)                                                                           \
	run(&(struct ft_config){ .options = (wanted) }, (char *[]){ __VA_ARGS__, NULL })

/* What a session showed. */
struct seen {
	struct ft_stats stats;
	uint64_t kinds[8];
	uint64_t calls[FT_NR_MAX];
	uint64_t errors;
	uint64_t tallied;
	size_t processes;
	int started;
	enum ft_stage stage;
};

static struct ft_session *open_session(const struct ft_config *config)
{
	struct ft_session *s;

	if (ft_open(&s, config) < 0)
		abort();
	return s;
}

static int spawn(struct ft_session *s, char *const *argv, int in, enum ft_stage *stage)
{
	struct ft_command c = { .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.stdio = { in, open("/dev/null", O_WRONLY | O_CLOEXEC), -1 } };
	int rc = ft_spawn(s, &c, stage);

	close(c.stdio[1]);
	return rc;
}

/* Takes one block; 0 at the end. */
static int take(struct ft_session *s, struct seen *seen)
{
	struct ft_block *b;

	if (ft_take(s, -1, &b) != 1)
		return 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct ft_event *ev = &b->events[i];

		seen->kinds[ev->kind]++;
		if (ev->kind != FT_KIND_SYSCALL)
			continue;
		seen->calls[ev->nr >= 0 && ev->nr < FT_NR_MAX ? ev->nr : 0]++;
		seen->errors += !!(ev->flags & FT_FLAG_ERROR);
	}
	ft_block_free(b);
	return 1;
}

static void finish(struct ft_session *s, struct seen *seen)
{
	struct ft_processes processes;
	struct ft_tally *tally;

	while (take(s, seen))
		continue;
	CHECK_EQ(ft_wait(s, -1), 1);
	ft_get_stats(s, &seen->stats);
	if (!ft_get_tally(s, &tally)) {
		for (size_t i = 0; i < ft_tally_rows(tally); i++)
			seen->tallied += ft_tally_row(tally, i)->calls;
		ft_tally_free(tally);
	}
	CHECK_EQ(ft_get_processes(s, &processes), 0);
	seen->processes = processes.count;
	ft_processes_free(&processes);
	ft_close(s);
}

static struct seen run(const struct ft_config *config, char *const *argv)
{
	struct ft_session *s = open_session(config);
	struct seen seen = { 0 };

	seen.started = spawn(s, argv, -1, &seen.stage);
	finish(s, &seen);
	return seen;
}

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
	CHECK_EQ(seen.stats.events, 0);
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
	uint8_t policy[FT_NR_MAX] = { [SYS_getppid] = FT_POLICY_RECORD };
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

/* A tracee that runs on its own until its standard input ends. */
struct target {
	pid_t pid;
	int in, out;
};

static struct target start_target(const char *path)
{
	int in[2], out[2];
	struct target t;
	char ready[6];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	t.pid = fork();
	if (t.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	t.in = in[1];
	t.out = out[0];
	if (read(t.out, ready, sizeof(ready)) != sizeof(ready))
		abort();
	return t;
}

static int end_target(const struct target *t, char *text, size_t room)
{
	int status;
	ssize_t n;

	close(t->in);
	n = read(t->out, text, room - 1);
	text[n > 0 ? n : 0] = 0;
	close(t->out);
	waitpid(t->pid, &status, 0);
	return status;
}

static void test_attach(void)
{
	struct target t = start_target(TRACEE("busy_threads"));
	char text[64];

	for (int i = 0; i < 20; i++) {
		struct ft_session *s = open_session(&(struct ft_config){ .options = ALL });
		struct seen seen = { 0 };

		CHECK_EQ(ft_attach(s, t.pid, &seen.stage), t.pid);
		while (seen.calls[SYS_write] < 100 && take(s, &seen))
			continue;
		CHECK_EQ(ft_stop(s, FT_STOP_DETACH), 0);
		finish(s, &seen);
		CHECK_EQ(seen.stats.error, 0);
		CHECK_EQ(seen.stats.root_status, -1);
		CHECK(seen.kinds[FT_KIND_ATTACH] >= 5);
		CHECK_EQ(seen.stats.calls, seen.tallied);
		CHECK_EQ(seen.processes, 1);
	}
	CHECK_EQ(end_target(&t, text, sizeof(text)), 0);
	CHECK(!strcmp(text, "wrong: 0\n"));
}

static void test_attach_errors(void)
{
	struct ft_session *s = open_session(&(struct ft_config){ .options = ALL });
	struct target t = start_target(TRACEE("reader"));
	struct ft_session *second;
	enum ft_stage stage;
	char text[64];

	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(s, t.pid, &stage), t.pid);
	CHECK_EQ(ft_attach(s, t.pid, &stage), -EBUSY);
	CHECK_EQ(ft_attach(second, t.pid, &stage), -EPERM);
	CHECK_EQ(stage, FT_STAGE_TRACE);
	ft_close(second);
	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(second, getpid(), &stage), -EPERM);
	ft_close(second);
	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(second, 0, &stage), -ESRCH);
	CHECK_EQ(ft_attach(second, 1 << 22, &stage), -ESRCH);
	ft_close(second);
	ft_close(s); /* detaches */
	CHECK_EQ(write(t.in, "still\n", 6), 6);
	CHECK_EQ(read(t.out, text, 6), 6);
	CHECK_EQ(end_target(&t, text, sizeof(text)), 0);
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

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
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
	test_attach();
	check_group("a busy process runs on after 20 visits");
	test_attach_errors();
	check_group("what cannot be attached to");
	test_side_by_side();
	check_group("sessions side by side, and children of our own");
	test_inline();
	check_group("tracees that record themselves show what ptrace shows");
	CHECK_EQ(open_descriptors(), descriptors);
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	check_group("no descriptor and no child is left");
	return check_result();
}
