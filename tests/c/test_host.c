/* A host program that uses one session from many threads at once, as fasttrace.h allows: whole, and built
 * with -fsanitize=thread, which sees what two threads do to one word without a lock. */
#define _GNU_SOURCE
#include "fasttrace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "tables/tables.h"

#define TRACEE(name) TRACEES name
#define ALL    (FT_OPT_FOLLOW | FT_OPT_EVENTS | FT_OPT_TALLY | FT_OPT_BY_PROCESS | FT_OPT_PAYLOAD)
#define SECOND 1000000000ll

struct host {
	struct ft_session *s;
	pid_t root;
	uint64_t
		enough; /* events, after which somebody asks for the end; UINT64_MAX: nobody does */
	enum ft_stop_how how;
	bool answers;
	atomic_bool over;
	_Atomic uint64_t taken;
	uint64_t tallied, handed;
};

static void *takes(void *arg)
{
	struct host *h = arg;
	struct ft_block *b;
	int rc;

	while ((rc = ft_take(h->s, SECOND, &b)) >= 0) {
		if (!rc)
			continue;
		h->taken += b->count;
		ft_block_free(b);
	}
	CHECK_EQ(rc, -ENODATA);
	h->over = true;
	return NULL;
}

/*
 * A lock goes to whoever asks for it first when it is let go, and that is who has just had it: without a pause those
 * who ask keep the tracer from it, for minutes on a machine with two processors.
 */
static bool asks_on(struct host *h)
{
	usleep(20);
	return !h->over;
}

/* What was, is; and parts are not more than the whole. */
static void *watches(void *arg)
{
	struct host *h = arg;
	struct ft_stats before = { 0 }, now;

	while (asks_on(h)) {
		ft_get_stats(h->s, &now);
		CHECK(now.events >= before.events && now.calls >= before.calls &&
			now.stops >= before.stops && now.calls <= now.events);
		CHECK(now.start_ns && (!now.end_ns || now.end_ns >= now.start_ns));
		CHECK_EQ(now.error, 0);
		before = now;
	}
	return NULL;
}

static uint64_t calls_of(struct ft_tally *tally)
{
	uint64_t calls = 0;

	for (size_t i = 0; i < ft_tally_rows(tally); i++)
		calls += ft_tally_row(tally, i)->calls;
	ft_tally_free(tally);
	return calls;
}

static void *counts(void *arg)
{
	struct host *h = arg;
	struct ft_tally *tally;

	while (asks_on(h)) {
		uint64_t calls;

		CHECK_EQ(ft_get_tally(h->s, &tally), 0);
		calls = calls_of(tally);
		CHECK(calls >= h->tallied);
		h->tallied = calls;
		CHECK_EQ(ft_get_engine_calls(h->s, &tally), 0);
		ft_tally_free(tally);
	}
	return NULL;
}

static void *lists(void *arg)
{
	struct host *h = arg;
	struct ft_processes p;

	while (asks_on(h)) {
		CHECK_EQ(ft_get_processes(h->s, &p), 0);
		CHECK(p.count >= 1 && p.list[0].pid == h->root);
		ft_processes_free(&p);
	}
	return NULL;
}

static void *looks(void *arg)
{
	struct host *h = arg;
	struct ft_registers r;

	while (asks_on(h)) {
		int rc = ft_get_registers(h->s, h->root, SECOND / 100, &r);

		CHECK(!rc || rc == -ESRCH || rc == -EAGAIN || rc == -EOPNOTSUPP);
		rc = ft_signal(h->s, 0);
		CHECK(!rc || rc == -ESRCH);
		rc = ft_wait(h->s, SECOND / 1000);
		CHECK(rc == 0 || rc == 1);
	}
	return NULL;
}

static void *answers(void *arg)
{
	struct host *h = arg;
	struct ft_handed call;
	int rc = 0;

	while (h->answers && (rc = ft_take_call(h->s, SECOND, &call)) >= 0) {
		if (!rc)
			continue;
		h->handed++;
		rc = ft_answer(h->s, call.tid, &(struct ft_answer){ 0 });
		CHECK(!rc || rc == -ESRCH);
	}
	CHECK(!h->answers || rc == -ENODATA);
	return NULL;
}

static void *stops(void *arg)
{
	struct host *h = arg;

	while (h->enough != UINT64_MAX && !h->over && h->taken < h->enough)
		usleep(20);
	if (h->enough != UINT64_MAX)
		CHECK_EQ(ft_stop(h->s, h->how), 0);
	return NULL;
}

/* Runs the command, or attaches to h->root if that is a process. Returns the stats of the end. */
static struct ft_stats host(struct host *h, enum ft_engine_id engine, char *const *argv)
{
	static void *(*const bodies[])(
		void *) = { takes, watches, counts, lists, looks, answers, stops };
	enum { THREADS = sizeof(bodies) / sizeof(bodies[0]) };
	static uint8_t handled[FT_NR_MAX];
	static uint16_t policy[FT_NR_MAX];
	struct ft_config config = { .options = ALL, .engine = engine, .block_events = 64 };
	struct ft_command c = { .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.stdio = { -1, open("/dev/null", O_WRONLY | O_CLOEXEC), -1 } };
	pthread_t thread[THREADS];
	struct ft_tally *tally;
	enum ft_stage stage;
	struct ft_stats stats;

	for (unsigned nr = 0; nr < FT_NR_MAX; nr++) {
		const struct ft_syscall *call = ft_syscall(FT_ABI_X86_64, nr);

		policy[nr] = FT_POLICY_RECORD;
		if (call)
			policy[nr] |= (uint16_t)(call->capture * FT_POLICY_PROGRAM);
	}
	config.policy[FT_ABI_X86_64] = policy;
	handled[SYS_getppid] = handled[SYS_gettid] = FT_HAND_ENTRY | FT_HAND_EXIT;
	if (h->answers)
		config.handled[FT_ABI_X86_64] = handled;
	if (ft_open(&h->s, &config) < 0)
		abort();
	h->root = h->root ? ft_attach(h->s, h->root, &stage) : ft_spawn(h->s, &c, &stage);
	CHECK(h->root > 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, bodies[i], h);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	CHECK_EQ(ft_wait(h->s, -1), 1);
	ft_get_stats(h->s, &stats);
	CHECK_EQ(stats.error, 0);
	CHECK_EQ(stats.lost, 0);
	CHECK_EQ(stats.taken, stats.events);
	CHECK_EQ(stats.taken, h->taken);
	CHECK_EQ(ft_get_tally(h->s, &tally), 0);
	CHECK_EQ(calls_of(tally), stats.calls);
	ft_close(h->s);
	close(c.stdio[1]);
	return stats;
}

static void test_to_the_end(enum ft_engine_id engine)
{
	static char *const programs[][3] = { { TRACEE("many_threads") },
		{ TRACEE("fork_tree"), "4" }, { TRACEE("many_processes"), "20" },
		{ TRACEE("getppid_loop"), "20000" }, { TRACEE("many_sigreturn") },
		{ TRACEE("storm_restart") }, { TRACEE("thread_races"), "5" },
		{ TRACEE("clone_vm") }, { TRACEE("mapped_again") }, { TRACEE("scribbles") } };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct host h = { .enough = UINT64_MAX };

		CHECK_EQ(host(&h, engine, programs[i]).root_status, 0);
	}
}

static void test_stopped(enum ft_engine_id engine)
{
	char *const endless[] = { TRACEE("restless"), NULL };

	for (uint64_t enough = 0; enough < 3000; enough += 500) {
		struct host h = { .enough = enough, .how = FT_STOP_KILL };

		CHECK_EQ(host(&h, engine, endless).root_status, SIGKILL);
	}
}

static void test_let_go(enum ft_engine_id engine)
{
	char *const argv[] = { TRACEE("many_threads"), NULL };

	for (uint64_t enough = 0; enough < 600; enough += 100) {
		struct host h = { .enough = enough, .how = FT_STOP_DETACH };
		int status;

		host(&h, engine, argv);
		/* Let go, it is a child of ours like any other; or it had ended before. */
		if (waitpid(h.root, &status, 0) == h.root)
			CHECK_EQ(status, 0);
	}
}

static void test_attached(enum ft_engine_id engine)
{
	char *const argv[] = { TRACEE("busy_threads"), NULL };
	struct host h = { .enough = 2000, .how = FT_STOP_DETACH };
	int in[2], out[2], status;
	char text[64];
	ssize_t n;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	h.root = fork();
	if (h.root == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	CHECK_EQ(read(out[0], text, sizeof(text)), strlen("ready\n"));
	host(&h, engine, argv);
	close(in[1]);
	n = read(out[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	CHECK(!strcmp(text, "wrong: 0\n"));
	close(out[0]);
	CHECK_EQ(waitpid(h.root, &status, 0), h.root);
	CHECK_EQ(status, 0);
}

static void test_answered(enum ft_engine_id engine)
{
	char *const argv[] = { TRACEE("getppid_loop"), "500", NULL };
	char *const endless[] = { TRACEE("restless"), NULL };
	struct host h = { .enough = UINT64_MAX, .answers = true };
	struct host some = { .enough = 3000, .how = FT_STOP_KILL, .answers = true };

	CHECK_EQ(host(&h, engine, argv).root_status, 0);
	CHECK_EQ(h.handed, 2 * 500);
	/* Of whose calls every other is handed over. */
	CHECK_EQ(host(&some, engine, endless).root_status, SIGKILL);
	CHECK(some.handed > 100);
}

static void test_engine(enum ft_engine_id engine, const char *name)
{
	char promise[120];

	test_to_the_end(engine);
	snprintf(promise, sizeof(promise), "%s: all ask until the program ends", name);
	check_group(promise);
	test_stopped(engine);
	snprintf(promise, sizeof(promise), "%s: one has it killed while the others ask", name);
	check_group(promise);
	test_let_go(engine);
	snprintf(promise, sizeof(promise), "%s: one lets it go while the others ask", name);
	check_group(promise);
	test_attached(engine);
	snprintf(promise, sizeof(promise), "%s: one lets a busy process go while the others ask",
		name);
	check_group(promise);
	test_answered(engine);
	snprintf(promise, sizeof(promise), "%s: one answers calls while the others ask", name);
	check_group(promise);
}

int main(void)
{
	test_engine(FT_ENGINE_PTRACE, "ptrace");
	if (ft_inline_unusable())
		printf("not here: %s\n", ft_inline_unusable());
	else
		test_engine(FT_ENGINE_INLINE, "inline");
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	check_group("no child is left");
	return check_result();
}
