#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/text.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "engine/inline/run/run.h"

#define INT3 0xcc
#define PAGE 4096u

static int gone_or_fault(void)
{
	return errno == ESRCH ? -ESRCH : -EFAULT;
}

/* Word by word. */
static int peek(pid_t tid, uint64_t address, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, tid, at & ~7ull, 0);
		if (errno)
			return gone_or_fault();
		bytes[i] = (uint8_t)(word >> at % 8 * 8);
	}
	return 0;
}

static int poke(pid_t tid, uint64_t address, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		union {
			long word;
			uint8_t bytes[8];
		} u;

		errno = 0;
		u.word = ptrace(PTRACE_PEEKTEXT, tid, at & ~7ull, 0);
		if (errno)
			return gone_or_fault();
		u.bytes[at % 8] = bytes[i];
		if (ptrace(PTRACE_POKETEXT, tid, at & ~7ull, u.word) < 0)
			return gone_or_fault();
	}
	return 0;
}

/* What pread and pwrite on /proc/PID/mem tell: 0 once its address space has gone (fs/proc/base.c). */
static int whole(ssize_t done, size_t n)
{
	if (done == (ssize_t)n)
		return 0;
	return done == 0 ? -ESRCH : -EFAULT;
}

int ft_text_read(const struct ft_space *sp, uint64_t address, void *bytes, size_t n)
{
	if (sp->memory < 0)
		return peek(sp->pid, address, bytes, n);
	return whole(pread(sp->memory, bytes, n, (off_t)address), n);
}

int ft_text_write(const struct ft_space *sp, uint64_t address, const void *bytes, size_t n)
{
	if (sp->memory < 0)
		return poke(sp->pid, address, bytes, n);
	return whole(pwrite(sp->memory, bytes, n, (off_t)address), n);
}

/* All processors that run this address space serialize: none holds bytes from before. */
static int sync_others(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	const uint64_t args[6] = { sp->nears.list[0].base + FT_NEAR_DUMMY };
	const uint8_t touch = 0;
	int64_t result;
	int rc;

	/* A page that is there, to have its entry dropped. */
	rc = ft_text_write(sp, args[0], &touch, 1);
	return rc ? rc : ft_run_recorder(s, t, ft_recorder_sync(), 0, args, &result);
}

static void note(int *rc, int error)
{
	if (!*rc)
		*rc = error;
}

static int rewrite_shared(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	const struct ft_rewrite *list, int n)
{
	static const uint8_t int3 = INT3;
	int rc = 0, synced;

	for (int i = 0; i < n; i++)
		note(&rc, ft_text_write(sp, list[i].address, &int3, 1));
	synced = sync_others(s, t, sp);
	for (int i = 0; i < n; i++)
		note(&rc, ft_text_write(
				  sp, list[i].address + 1, list[i].bytes + 1, list[i].len - 1u));
	if (!synced)
		synced = sync_others(s, t, sp);
	for (int i = 0; i < n; i++)
		note(&rc, ft_text_write(sp, list[i].address, list[i].bytes, 1));
	note(&rc, synced);
	return rc;
}

/* One after the other, or in between as it is, all in one go: they lie near each other, in order. */
static int write_near(const struct ft_space *sp, const struct ft_rewrite *const *list, int n)
{
	const struct ft_rewrite *last = list[n - 1];
	uint64_t start = list[0]->address;
	size_t size = last->address + last->len - start;
	uint8_t bytes[PAGE + FT_JMP_SIZE];
	int rc = 0;

	if (n > 2 && !ft_text_read(sp, start, bytes, size)) {
		for (int i = 0; i < n; i++)
			memcpy(bytes + (list[i]->address - start), list[i]->bytes, list[i]->len);
		return ft_text_write(sp, start, bytes, size);
	}
	for (int i = 0; i < n; i++)
		note(&rc, ft_text_write(sp, list[i]->address, list[i]->bytes, list[i]->len));
	return rc;
}

/* Those in one page together. */
static int rewrite_alone(const struct ft_space *sp, const struct ft_rewrite *list, int n)
{
	const struct ft_rewrite *sorted[FT_REWRITES_MAX];
	int rc = 0, first = 0;

	for (int i = 0; i < n; i++) {
		int at = i;

		for (; at && sorted[at - 1]->address > list[i].address; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &list[i];
	}
	for (int i = 1; i <= n; i++)
		if (i == n || sorted[i]->address / PAGE != sorted[first]->address / PAGE) {
			note(&rc, write_near(sp, sorted + first, i - first));
			first = i;
		}
	return rc;
}

bool ft_text_is_alone(const struct ft_task *t, const struct ft_space *sp)
{
	return sp->tasks <= 1 && t->in && t->in->space == sp;
}

int ft_text_rewrite(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	const struct ft_rewrite *list, int n)
{
	int rc = 0;

	if (!n)
		return 0;
	sp->changes++;
	rc = ft_text_is_alone(t, sp) ? rewrite_alone(sp, list, n)
				     : rewrite_shared(s, t, sp, list, n);
	sp->changes++;
	return rc;
}
#endif
