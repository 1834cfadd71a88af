/* The task and process tables against plain arrays, by random sequences of what a session does with
 * them. */
#include "session/task.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "record/processes.h"

#define TIDS	  5000
#define PROCESSES 3000

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static void check_walk(const struct ft_tasks *ts, struct ft_task *const *model)
{
	int bucket = 0, seen = 0;
	struct ft_task *t = NULL;

	while ((t = ft_task_next(ts, t ? t->next : NULL, &bucket))) {
		CHECK(model[t->tid] == t);
		seen++;
	}
	CHECK_EQ(seen, ts->count);
}

static void test_tasks(void)
{
	static struct ft_tasks ts;
	static struct ft_task *model[TIDS];
	int count = 0;

	for (int step = 0; step < 200000; step++) {
		pid_t tid = 1 + (pid_t)below(TIDS - 1), to = 1 + (pid_t)below(TIDS - 1);
		struct ft_task *t = ft_task_find(&ts, tid);

		if (t != model[tid])
			CHECK(!"find gives what was put in");
		if (!t) {
			model[tid] = ft_task_new(&ts, tid, tid);
			count++;
		} else if (below(3) == 0 && !model[to]) {
			ft_task_rename(&ts, t, to);
			model[to] = t;
			model[tid] = NULL;
		} else if (below(2) == 0) {
			ft_task_free(&ts, t);
			model[tid] = NULL;
			count--;
		}
		if (step % 20000 == 0)
			check_walk(&ts, model);
	}
	CHECK_EQ(ts.count, count);
	check_walk(&ts, model);
	for (int i = 0; i < TIDS; i++)
		if (model[i])
			ft_task_free(&ts, model[i]);
	CHECK_EQ(ts.count, 0);
}

/* The leader knows how many others there are, whoever came first, and behind an exec. */
static void test_threads(void)
{
	static struct ft_tasks ts;
	static struct ft_task *model[TIDS];

	for (int step = 0; step < 100000; step++) {
		pid_t tid = 1 + (pid_t)below(63), tgid = (tid + 7) / 8 * 8 - 7;
		struct ft_task *t = model[tid], *leader;
		int others = 0;

		if (!t)
			model[tid] = ft_task_new(&ts, tid, tgid);
		else if (tid != tgid && below(4) == 0) {
			if (model[tgid])
				ft_task_free(&ts, model[tgid]);
			ft_task_rename(&ts, t, tgid);
			model[tgid] = t;
			model[tid] = NULL;
		} else {
			ft_task_free(&ts, t);
			model[tid] = NULL;
		}
		leader = ft_task_find(&ts, tgid);
		for (pid_t other = tgid + 1; other < tgid + 8; other++)
			others += model[other] != NULL;
		CHECK(!leader || leader->threads == others);
	}
	for (int i = 0; i < TIDS; i++)
		if (model[i])
			ft_task_free(&ts, model[i]);
	CHECK_EQ(ts.threads, 0);
}

struct model {
	char argv[64], comm[16];
	size_t len;
	pid_t ppid;
};

static void check_process(const struct ft_processes *all, size_t i, const struct model *m)
{
	const struct ft_process *p = &all->list[i];

	CHECK_EQ(p->serial, i + 1);
	CHECK_EQ(p->pid, 100 + i);
	CHECK_EQ(p->ppid, m->ppid);
	CHECK_EQ(p->status, -1);
	CHECK_EQ(p->argv_len, m->len);
	CHECK(!m->len || !memcmp(all->strings + p->argv, m->argv, m->len));
	CHECK(!strcmp(p->comm, m->comm));
}

/* An argument list of words that come up again and again; NULs inside, as in /proc/PID/cmdline. */
static void random_image(struct model *m)
{
	m->len = below(8) ? 1 + below(sizeof(m->argv) - 1) : 0;
	memset(m->argv, 'a' + (int)below(4), sizeof(m->argv));
	for (size_t i = 3; i < m->len; i += 4)
		m->argv[i] = 0;
	snprintf(m->comm, sizeof(m->comm), "comm %u", below(50));
}

static void test_processes(void)
{
	static struct model model[PROCESSES];
	struct ft_process_table table = { 0 };
	struct ft_processes copy;

	CHECK_EQ(ft_process_copy(&table, &copy), 0);
	CHECK_EQ(copy.count, 0);
	ft_processes_free(&copy);
	for (int i = 0; i < PROCESSES; i++) {
		model[i].ppid = (pid_t)below(1000);
		CHECK_EQ(ft_process_add(&table, 100 + i, model[i].ppid, 5), i + 1);
		if (i && below(2)) {
			uint32_t parent = below((uint32_t)i);
			pid_t ppid = model[i].ppid;

			ft_process_inherit(&table, i + 1, (int32_t)parent + 1);
			model[i] = model[parent];
			model[i].ppid = ppid;
		}
		for (uint32_t n = below(3); n; n--) {
			uint32_t which = below((uint32_t)i + 1);
			struct model *m = &model[which];

			random_image(m);
			CHECK_EQ(ft_process_set(
					 &table, (int32_t)which + 1, m->comm, m->argv, m->len),
				0);
		}
	}
	CHECK_EQ(ft_process_copy(&table, &copy), 0);
	CHECK_EQ(copy.count, PROCESSES);
	/* 4 letters by 63 lengths, and the empty one: kept once each. */
	CHECK(copy.strings_len <= 4 * 63 * 64);
	for (size_t i = 0; i < copy.count; i++)
		check_process(&copy, i, &model[i]);
	ft_process_table_free(&table);
	check_process(&copy, 0, &model[0]); /* a copy is a copy */
	ft_processes_free(&copy);
}

static void test_long_names(void)
{
	struct ft_process_table table = { 0 };
	char long_argv[5000];

	memset(long_argv, 'x', sizeof(long_argv));
	CHECK_EQ(ft_process_add(&table, 1, 0, 0), 1);
	CHECK_EQ(
		ft_process_set(&table, 1, "fifteen letters and more", long_argv, sizeof(long_argv)),
		0);
	CHECK(!strcmp(ft_process_at(&table, 1)->comm, "fifteen letters"));
	CHECK_EQ(ft_process_at(&table, 1)->argv_len, sizeof(long_argv));
	ft_process_table_free(&table);
}

/* Argument lists that a program makes up, of `len` bytes: as many are kept as there is room for, the others are empty. */
static void test_many_argvs(size_t len, unsigned room)
{
	struct ft_process_table table = { 0 };
	char *argv = calloc(1, len);
	unsigned kept = 0;

	CHECK_EQ(ft_process_add(&table, 1, 0, 0), 1);
	for (unsigned i = 0; i < room + 1000; i++) {
		memcpy(argv, &i, sizeof(i));
		CHECK_EQ(ft_process_set(&table, 1, "any", argv, len), 0);
		kept += ft_process_at(&table, 1)->argv_len == len;
	}
	CHECK_EQ(kept, room);
	CHECK_EQ(table.all.strings_len, (size_t)room * len);
	memcpy(argv, &(unsigned){ 7 }, sizeof(unsigned)); /* kept long ago */
	CHECK_EQ(ft_process_set(&table, 1, "any", argv, len), 0);
	CHECK_EQ(ft_process_at(&table, 1)->argv_len, len);
	CHECK_EQ(ft_process_at(&table, 1)->argv, 7 * len);
	ft_process_table_free(&table);
	free(argv);
}

int main(void)
{
	test_tasks();
	test_threads();
	check_group("tasks are found by tid, renamed and freed");
	test_processes();
	check_group("processes keep what they ran, argument lists are kept once");
	test_long_names();
	check_group("long names are cut, long argument lists kept");
	test_many_argvs(FT_STRING_MAX, FT_ARGVS_MAX_BYTES / FT_STRING_MAX);
	test_many_argvs(8, FT_ARGVS_MAX);
	check_group("of argument lists without end a bounded number is kept");
	return check_result();
}
