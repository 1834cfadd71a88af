#define _GNU_SOURCE
#include "session/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>

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

struct ft_task *ft_task_new(struct ft_tasks *ts, pid_t tid, pid_t tgid)
{
	struct ft_task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = tid;
	t->tgid = tgid;
	insert(ts, t);
	ts->count++;
	return t;
}

void ft_task_rename(struct ft_tasks *ts, struct ft_task *t, pid_t tid)
{
	*slot(ts, t->tid) = t->next;
	t->tid = tid;
	insert(ts, t);
}

void ft_task_free(struct ft_tasks *ts, struct ft_task *t)
{
	*slot(ts, t->tid) = t->next;
	ts->count--;
	free(t->strings);
	free(t->counts);
	free(t->kept);
	free(t->abandoned);
	free(t);
}

struct ft_task *ft_task_next(const struct ft_tasks *ts, struct ft_task *after, int *bucket)
{
	struct ft_task *t = after;

	while (!t && *bucket < FT_TASK_BUCKETS)
		t = ts->bucket[(*bucket)++];
	return t;
}

bool ft_task_replaced(const struct ft_tasks *ts, const struct ft_task *t)
{
	siginfo_t info;

	if (ts->count < 2 || t->tid != t->tgid || t->at_exec)
		return false;
	return !ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) && info.si_signo == SIGTRAP &&
	       info.si_code == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}
