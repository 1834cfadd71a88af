/*
 * A seccomp filter that the program installs. The tracer must know it, and the kernel must install what the tracer has
 * read, whatever other threads write meanwhile. So the program is read once, and the call is made with a copy that lies
 * in memory of ours. What cannot be read the kernel is told to read where nothing is.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/filters.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <linux/ptrace.h>

#include "engine/inline/mem.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/permits.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/actions.h"
#include "kernel/proc.h"
#include "kernel/reader.h"

#define NOWHERE (-4096ull) /* beyond what a program can have */

/* struct sock_fprog, and what it points to. */
struct program {
	uint64_t len; /* the lower 16 bits */
	uint64_t code;
	struct sock_filter insns[BPF_MAXINSNS];
};

bool ft_filters_is_call(const struct user_regs_struct *regs)
{
	switch ((uint32_t)regs->rax) {
	case SYS_seccomp:
		return (uint32_t)regs->rdi == SECCOMP_SET_MODE_FILTER;
	case SYS_prctl:
		return (uint32_t)regs->rdi == PR_SET_SECCOMP && regs->rsi == SECCOMP_MODE_FILTER;
	default:
		return false;
	}
}

static uint32_t flags_of(const struct user_regs_struct *regs)
{
	return (uint32_t)regs->rax == SYS_seccomp ? (uint32_t)regs->rsi : 0;
}

/* Returns size, less where nothing can be read, or a negative errno: it was not to be had in time. */
static ssize_t read_program(
	struct ft_session *s, const struct ft_space *sp, uint64_t at, void *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t want = size - done < FT_READER_MAX ? size - done : FT_READER_MAX;
		ssize_t n = ft_reader_read(
			s->reader, sp->pid, ft_mem_of(sp), at + done, (uint8_t *)out + done, want);

		if (n == -ETIMEDOUT || n == -EAGAIN)
			return n;
		done += n > 0 ? (size_t)n : 0;
		if (n != (ssize_t)want)
			break;
	}
	return (ssize_t)done;
}

/* *size: of what the kernel may read of it; *count: of its instructions, 0: there are none that could be installed. */
static int take(struct ft_session *s, const struct ft_space *sp, uint64_t from, struct program *p,
	size_t *size, uint32_t *count)
{
	const size_t head = offsetof(struct program, insns);
	ssize_t n = read_program(s, sp, from, p, head);
	size_t len;

	*size = *count = 0;
	if (n != (ssize_t)head)
		return n < 0 ? (int)n : 0;
	*size = head;
	len = (uint16_t)p->len;
	if (!len || len > BPF_MAXINSNS)
		return 0;
	n = read_program(s, sp, p->code, p->insns, len * sizeof(p->insns[0]));
	if (n < 0)
		return (int)n;
	if (n == (ssize_t)(len * sizeof(p->insns[0]))) {
		*size += (size_t)n;
		*count = (uint32_t)len;
	}
	return 0;
}

/* Where memory of ours has room for so much, or 0. */
static uint64_t scratch_for(const struct ft_task *t, size_t size)
{
	uint64_t near = ft_near_first(t->in->space);

	return near && size <= sizeof(((struct ft_snippet *)0)->code) ? near + FT_NEAR_SCRATCH : 0;
}

/* Memory of ours in the task, for so much. 0 or a negative errno. */
static int place(struct ft_session *s, struct ft_task *t, size_t size, uint64_t *at)
{
	int64_t result;
	int rc;

	*at = scratch_for(t, size);
	if (*at)
		return 0;
	rc = ft_run_recorder_call(s, t, SYS_mmap,
		(uint64_t[6]){ 0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1 },
		&result);
	if (rc)
		return rc;
	*at = (uint64_t)result;
	return result < 0 ? (int)result : 0;
}

/* And taken away again; scratch is where code may run. */
static int give_back(struct ft_session *s, struct ft_task *t, size_t size, uint64_t at)
{
	static const struct program none;
	int64_t result;

	if (at == scratch_for(t, size))
		return ft_text_write(t->in->space, at, &none, size);
	return ft_run_recorder_call(s, t, SYS_munmap, (uint64_t[6]){ at, size }, &result);
}

static int make(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs,
	struct program *p, size_t size, int64_t *result)
{
	uint64_t args[6] = { regs->rdi, regs->rsi, NOWHERE, regs->r10, regs->r8, regs->r9 };
	uint64_t at = 0;
	int rc = 0;

	if (size) {
		rc = place(s, t, size, &at);
		if (rc)
			return rc;
		p->code = size > offsetof(struct program, insns)
				  ? at + offsetof(struct program, insns)
				  : NOWHERE;
		args[2] = at;
		rc = ft_text_write(t->in->space, at, p, size);
	}
	if (!rc)
		rc = ft_run_code(s, t, ft_recorder_call(), regs->rax, args, result);
	if (size && rc != -ESRCH) {
		int gone = give_back(s, t, size, at);

		if (gone == -ESRCH)
			rc = gone;
	}
	return rc;
}

static void set(struct ft_task *t, struct ft_seccomp *filters)
{
	ft_seccomp_get(filters);
	ft_seccomp_put(t->filters);
	t->filters = filters;
}

/* It is there: for the task, or for all threads of its process. */
static void note(struct ft_session *s, struct ft_task *t, struct ft_seccomp *filters, bool all)
{
	struct ft_task *other = NULL;
	int bucket = 0;

	set(t, filters);
	ft_code_stop_births(t->in->space, filters);
	while (all && (other = ft_task_next(&s->tasks, other ? other->next : NULL, &bucket)))
		if (other->tgid == t->tgid)
			set(other, filters);
}

static bool permits(
	const struct ft_session *s, const struct ft_task *t, const struct ft_seccomp *filters)
{
	bool signals = false;

	for (int i = 0; i < FT_ACTIONS; i++)
		signals |= t->actions[i].handler || t->ignored[i].handler;
	return ft_permits_recording(filters, signals, s->in->arms_inside) &&
	       (t->in->space->tasks <= 1 || ft_permits_threads(filters));
}

static bool is_installed(uint32_t flags, int64_t result)
{
	return flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? result >= 0 : !result;
}

/* The i-th, from the newest on. Only for CAP_SYS_ADMIN that is under no filter itself: seccomp_get_filter(). */
static long read_installed(const struct ft_task *t, int i, struct sock_filter code[BPF_MAXINSNS])
{
	long len = ptrace(PTRACE_SECCOMP_GET_FILTER, t->tid, i, NULL);

	if (len < 0 || len > BPF_MAXINSNS)
		return -EACCES;
	return ptrace(PTRACE_SECCOMP_GET_FILTER, t->tid, i, code) == len ? len : -EACCES;
}

/* How many. Negative: /proc does not tell, or it is in strict mode. */
static long count_installed(const struct ft_task *t)
{
	char status[4096];

	if (ft_proc_text(t->tid, "status", status, sizeof(status)) <= 0)
		return -1;
	switch (ft_proc_status_field(status, "Seccomp")) {
	case 0:
		return 0;
	case SECCOMP_MODE_FILTER:
		return ft_proc_status_field(status, "Seccomp_filters");
	default:
		return -1;
	}
}

bool ft_filters_look(struct ft_task *t)
{
	struct ft_seccomp *filters = NULL;
	struct sock_filter *code = NULL;
	long n = 0;

	if (!t->filters)
		n = count_installed(t);
	if (n > 0)
		code = malloc(BPF_MAXINSNS * sizeof(*code));
	if (n < 0 || (n > 0 && !code))
		return false;
	for (; n > 0; n--) {
		long len = read_installed(t, (int)n - 1, code);
		struct ft_seccomp *more =
			len > 0 ? ft_seccomp_new(filters, code, (uint32_t)len) : NULL;

		ft_seccomp_put(filters);
		filters = more;
		if (!more)
			break;
	}
	free(code);
	if (n)
		return false;
	if (!t->filters)
		t->filters = filters;
	return ft_permits_recording(t->filters, true, false) && ft_permits_threads(t->filters);
}

int ft_filters_call(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs,
	int64_t *result)
{
	const uint32_t flags = flags_of(regs);
	struct ft_seccomp *filters = NULL;
	struct program *p;
	uint32_t count;
	size_t size;
	int rc;

	if (t->in->space->leaving || t->in->space->spoiled)
		return -EBUSY;
	p = malloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	rc = take(s, t->in->space, regs->rdx, p, &size, &count);
	if (!rc && count) {
		filters = ft_seccomp_new(t->filters, p->insns, count);
		rc = !filters ? -ENOMEM : permits(s, t, filters) ? 0 : -EPERM;
	}
	if (!rc)
		rc = make(s, t, regs, p, size, result);
	if (!rc && count && is_installed(flags, *result))
		note(s, t, filters, flags & SECCOMP_FILTER_FLAG_TSYNC);
	ft_seccomp_put(filters);
	free(p);
	return rc;
}
#endif
