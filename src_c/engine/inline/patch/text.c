#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/text.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "engine/inline/mem.h"
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
	if (ft_mem_of(sp) < 0)
		return peek(sp->pid, address, bytes, n);
	return whole(pread(ft_mem_of(sp), bytes, n, (off_t)address), n);
}

int ft_text_write(const struct ft_space *sp, uint64_t address, const void *bytes, size_t n)
{
	if (ft_mem_of(sp) < 0)
		return poke(sp->pid, address, bytes, n);
	return whole(pwrite(ft_mem_of(sp), bytes, n, (off_t)address), n);
}

/* All processors that run this address space serialize: none holds bytes from before. */
static int sync_others(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	const uint64_t page = sp->nears.list[0].base + FT_NEAR_DUMMY;
	const uint8_t touch = 0;
	int rc;

	/* A page that is there, to have its entry dropped. */
	rc = ft_text_write(sp, page, &touch, 1);
	return rc ? rc : ft_run_sync(s, t, page);
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

/* They lie near each other, in order: all in one go, with what is in between read first. */
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

/* Whether the text from an address on, up to a rewrite behind it, is known with this one. */
static bool knows(const struct ft_rewrite *r, uint64_t from, uint64_t to)
{
	return r->from <= from && to <= r->to;
}

/* They lie near each other, in order, and what is in between is known. */
static int write_known(const struct ft_space *sp, const struct ft_rewrite *const *list, int n)
{
	uint64_t start = list[0]->address, at = start;
	uint8_t bytes[PAGE + FT_JMP_SIZE];

	for (int i = 0; i < n; i++) {
		const struct ft_rewrite *r = list[i],
					*by = knows(r, at, r->address) ? r : list[i - !!i];

		memcpy(bytes + (at - start), by->text + (at - by->from), r->address - at);
		memcpy(bytes + (r->address - start), r->bytes, r->len);
		at = r->address + r->len;
	}
	return ft_text_write(sp, start, bytes, at - start);
}

/* Whether one follows another in a run of those whose surroundings are known. */
static bool follows(const struct ft_rewrite *a, const struct ft_rewrite *b)
{
	uint64_t end = a->address + a->len;

	return a->text && b->text && end <= b->address &&
	       (knows(a, end, b->address) || knows(b, end, b->address));
}

static bool in_one_page(const struct ft_rewrite *a, const struct ft_rewrite *b)
{
	return a->address / PAGE == b->address / PAGE;
}

/* Those near each other together. */
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
	for (int i = 1; i <= n; i++) {
		bool known = sorted[first]->text;

		if (i < n && sorted[i]->address - sorted[first]->address < PAGE &&
			(known ? follows(sorted[i - 1], sorted[i])
			       : !sorted[i]->text && in_one_page(sorted[first], sorted[i])))
			continue;
		note(&rc, known ? write_known(sp, sorted + first, i - first)
				: write_near(sp, sorted + first, i - first));
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
