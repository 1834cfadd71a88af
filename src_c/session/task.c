#define _GNU_SOURCE
#include "session/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>

#include "kernel/seccomp.h"
#include "session/python.h"

static struct ft_task **slot(const struct ft_tasks *ts, pid_t tid)
{
	struct ft_task *const *p = &ts->bucket[(unsigned)tid % FT_TASK_BUCKETS];

	while (*p && (*p)->tid != tid)
		p = &(*p)->next;
	return (struct ft_task **)p;
}

struct ft_task *ft_task_find(const struct ft_tasks *ts, pid_t tid)
{
	return *slot(ts, tid);
}

static void insert(struct ft_tasks *ts, struct ft_task *t)
{
	struct ft_task **b = &ts->bucket[(unsigned)t->tid % FT_TASK_BUCKETS];

	t->next = *b;
	*b = t;
}

/* Of a leader that comes after some of them, or takes the place of one that was. */
static int count_threads(const struct ft_tasks *ts, const struct ft_task *leader)
{
	struct ft_task *t = NULL;
	int bucket = 0, n = 0;

	if (ts->threads)
		while ((t = ft_task_next(ts, t ? t->next : NULL, &bucket)))
			n += t != leader && t->tgid == leader->tgid;
	return n;
}

static void add_thread(struct ft_tasks *ts, const struct ft_task *t, int n)
{
	struct ft_task *leader = t->tid == t->tgid ? NULL : ft_task_find(ts, t->tgid);

	if (t->tid != t->tgid)
		ts->threads += n;
	if (leader)
		leader->threads += n;
}

struct ft_task *ft_task_new(struct ft_tasks *ts, pid_t tid, pid_t tgid)
{
	struct ft_task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = tid;
	t->tgid = tgid;
	insert(ts, t);
	ts->count++;
	add_thread(ts, t, 1);
	if (tid == tgid)
		t->threads = count_threads(ts, t);
	return t;
}

void ft_task_rename(struct ft_tasks *ts, struct ft_task *t, pid_t tid)
{
	*slot(ts, t->tid) = t->next;
	add_thread(ts, t, -1);
	t->tid = tid;
	insert(ts, t);
	add_thread(ts, t, 1);
	if (t->tid == t->tgid)
		t->threads = count_threads(ts, t);
}

void ft_task_free(struct ft_tasks *ts, struct ft_task *t)
{
	*slot(ts, t->tid) = t->next;
	ts->count--;
	add_thread(ts, t, -1);
	free(t->payload);
	free(t->counts);
	free(t->kept);
	free(t->abandoned);
	free(t->unread);
	ft_seccomp_put(t->filters);
	ft_python_forget(t);
	free(t);
}

struct ft_task *ft_task_next(const struct ft_tasks *ts, struct ft_task *after, int *bucket)
{
	struct ft_task *t = after;

	while (!t && *bucket < FT_TASK_BUCKETS)
		t = ts->bucket[(*bucket)++];
	return t;
}

bool ft_task_replaced(const struct ft_task *t)
{
	siginfo_t info;

	if (!t->threads || t->at_exec)
		return false;
	return !ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) && info.si_signo == SIGTRAP &&
	       info.si_code == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}
