/* Sessions that alter calls, from C: injections, calls handed over, delays, registers. */
#define _GNU_SOURCE
#include "fasttrace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define LOOP	  TRACEES "getppid_loop"
#define FOR_EVER  UINT32_MAX
#define LONG_TIME 3600000000000ull

/* What a session showed of getppid. */
struct seen {
	struct ft_stats stats;
	uint64_t calls, altered, errors, sum;
	int rc;
};

static struct ft_config config_of(int engine)
{
	return (struct ft_config){ .options = FT_OPT_FOLLOW | FT_OPT_EVENTS, .engine = engine };
}

static struct ft_session *start(const struct ft_config *config, const char *count)
{
	char *const argv[] = { LOOP, (char *)count, NULL };
	struct ft_command c = {
		.path = LOOP, .argv = argv, .envp = (char *[]){ NULL }, .stdio = { -1, -1, -1 }
	};
	enum ft_stage stage;
	struct ft_session *s;

	if (ft_open(&s, config) < 0 || ft_spawn(s, &c, &stage) < 0)
		abort();
	return s;
}

static struct seen finish(struct ft_session *s)
{
	struct seen seen = { 0 };
	struct ft_block *b;

	while (ft_take(s, -1, &b) == 1) {
		for (size_t i = 0; i < b->count; i++) {
			const struct ft_event *ev = &b->events[i];

			if (ev->kind != FT_KIND_SYSCALL || ev->nr != SYS_getppid)
				continue;
			seen.calls++;
			seen.altered += !!(ev->flags & FT_FLAG_ALTERED);
			seen.errors += !!(ev->flags & FT_FLAG_ERROR);
			seen.sum += ev->flags & FT_FLAG_ALTERED ? (uint64_t)ev->ret : 0;
		}
		ft_block_free(b);
	}
	CHECK_EQ(ft_wait(s, -1), 1);
	ft_get_stats(s, &seen.stats);
	ft_close(s);
	return seen;
}

static struct seen inject(int engine, const struct ft_injection *injection, const char *count)
{
	struct ft_config config = config_of(engine);

	config.injections = injection;
	config.injection_count = 1;
	return finish(start(&config, count));
}

static int refused(const struct ft_injection *injections, size_t count)
{
	struct ft_config config = config_of(FT_ENGINE_PTRACE);
	struct ft_session *s;

	config.injections = injections;
	config.injection_count = count;
	return ft_open(&s, &config);
}

static void test_refused(void)
{
	const struct ft_poke poke = { .bytes = "x", .len = 1, .arg = 6 };
	struct ft_injection rows[2] = { { .nr = 1, .first = 1 }, { .nr = 1, .first = 2 } };

	CHECK_EQ(refused(rows, 2), -EINVAL);
	CHECK_EQ(refused(&(struct ft_injection){ .nr = FT_NR_MAX, .first = 1 }, 1), -EINVAL);
	CHECK_EQ(refused(&(struct ft_injection){ .abi = FT_ABI_COUNT, .first = 1 }, 1), -EINVAL);
	CHECK_EQ(refused(&(struct ft_injection){ .first = 0 }, 1), -EINVAL);
	rows[0].pokes = &poke;
	rows[0].poke_count = 1;
	CHECK_EQ(refused(rows, 1), -EINVAL);
}

static void test_injection(int engine)
{
	struct ft_injection row = { .nr = SYS_getppid,
		.first = 10,
		.last = 50,
		.step = 4,
		.what = FT_INJECT_RETURN,
		.ret = 7 };
	struct seen seen = inject(engine, &row, "100");

	CHECK_EQ(seen.calls, 100);
	CHECK_EQ(seen.altered, 11); /* 10, 14 ... 50 */
	CHECK_EQ(seen.sum, 77);
	CHECK_EQ(seen.stats.altered, 11);
	CHECK_EQ(seen.stats.root_status, 0);
	row.step = 0;
	row.ret = -EIO;
	seen = inject(engine, &row, "100");
	CHECK_EQ(seen.calls, 100);
	CHECK_EQ(seen.altered, 1);
	CHECK_EQ(seen.errors, 1);
}

static void test_short_delays(int engine)
{
	struct ft_injection row = { .nr = SYS_getppid,
		.first = 1,
		.last = FOR_EVER,
		.step = 1,
		.what = FT_INJECT_DELAY_ENTER | FT_INJECT_DELAY_EXIT,
		.delay_enter_ns = 1000,
		.delay_exit_ns = 1 };
	struct seen seen = inject(engine, &row, "100");

	CHECK_EQ(seen.calls, 100);
	CHECK_EQ(seen.altered, 100);
	CHECK_EQ(seen.stats.root_status, 0);
}

static void test_end_of_a_delay(int engine)
{
	struct ft_injection row = { .nr = SYS_getppid,
		.first = 5,
		.last = 5,
		.what = FT_INJECT_DELAY_ENTER,
		.delay_enter_ns = LONG_TIME };
	struct ft_config config = config_of(engine);
	struct ft_registers registers;
	struct ft_stats stats = { 0 };
	struct ft_session *s;

	config.injections = &row;
	config.injection_count = 1;
	s = start(&config, "100");
	while (!stats.altered)
		ft_get_stats(s, &stats);
	CHECK_EQ(ft_get_registers(s, stats.root_pid, -1, &registers), 0);
	CHECK_EQ(ft_get_registers(s, getpid(), -1, &registers), -ESRCH);
	ft_stop(s, FT_STOP_KILL);
	CHECK_EQ(WTERMSIG(finish(s).stats.root_status), SIGKILL);
	s = start(&config, "100");
	ft_close(s); /* perhaps during the delay */
}

/* Answers every call that is handed over. */
struct handler {
	struct ft_session *s;
	pthread_t thread;
	int served, denied;
	bool kills;
};

static void *handle(void *arg)
{
	struct handler *h = arg;
	struct ft_registers registers;
	struct ft_handed call;

	while (ft_take_call(h->s, -1, &call) == 1) {
		struct ft_answer answer = { .what = FT_ANSWER_REPLY,
			.reply = call.at_exit ? call.ret + 1 : 41 };

		h->served++;
		CHECK_EQ(call.nr, SYS_getppid);
		CHECK_EQ(ft_get_registers(h->s, call.tid, -1, &registers), 0);
		CHECK_EQ(memcmp(&registers, &call.registers, sizeof(registers)), 0);
		if (h->kills && h->served == 5)
			ft_stop(h->s, FT_STOP_KILL);
		CHECK_EQ(ft_answer(h->s, call.tid + 1, &answer), -ESRCH);
		h->denied += ft_answer(h->s, call.tid, &answer) == -ESRCH;
	}
	return NULL;
}

static void test_handover(int engine, bool kills)
{
	uint8_t handled[FT_NR_MAX] = { [SYS_getppid] = FT_HAND_ENTRY | FT_HAND_EXIT };
	struct ft_config config = config_of(engine);
	struct handler h = { .kills = kills };
	struct ft_session *s;
	struct ft_stats stats;
	struct ft_block *b;
	uint64_t sum = 0;

	config.handled[FT_ABI_X86_64] = handled;
	h.s = s = start(&config, "50");
	CHECK_EQ(pthread_create(&h.thread, NULL, handle, &h), 0);
	while (ft_take(s, -1, &b) == 1) {
		for (size_t i = 0; i < b->count; i++)
			if (b->events[i].kind == FT_KIND_SYSCALL && b->events[i].nr == SYS_getppid)
				sum += (uint64_t)b->events[i].ret;
		ft_block_free(b);
	}
	pthread_join(h.thread, NULL);
	ft_get_stats(s, &stats);
	if (kills) {
		CHECK_EQ(h.served, 5);
		CHECK_EQ(h.denied, 1);
		CHECK_EQ(stats.altered, 2);
	} else {
		CHECK_EQ(h.served, 100);
		CHECK_EQ(sum, 50 * 42);
		CHECK_EQ(stats.altered, 50);
	}
	ft_close(s);
}

static void both(void (*test)(int engine))
{
	int before = open_descriptors();

	test(FT_ENGINE_PTRACE);
	if (!ft_inline_unusable())
		test(FT_ENGINE_INLINE);
	CHECK_EQ(open_descriptors(), before);
}

static void test_answers(int engine)
{
	test_handover(engine, false);
}

static void test_end_of_a_wait(int engine)
{
	test_handover(engine, true);
}

int main(void)
{
	test_refused();
	check_group("plans that make no sense are refused");
	both(test_injection);
	check_group("the calls that a rule counts get its result");
	both(test_short_delays);
	check_group("delays end");
	both(test_end_of_a_delay);
	check_group("delays end with the session; a delayed task has registers");
	both(test_answers);
	check_group("calls are handed over and answered");
	both(test_end_of_a_wait);
	check_group("the end of a session ends the wait for an answer");
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	check_group("no child is left");
	return check_result();
}
