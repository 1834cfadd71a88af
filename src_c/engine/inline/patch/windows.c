#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/windows.h"

#include <assert.h>
#include <string.h>
#include <sys/uio.h>

#include "engine/inline/patch/text.h"
#include "engine/inline/patch/undo.h"

#define APART 256u /* of windows that are read as one, at most */

static uint64_t start_of(const struct ft_candidate *c)
{
	return c->site - c->known.before;
}

static size_t size_of(const struct ft_candidate *c)
{
	return (size_t)c->known.before + c->room;
}

/* In order of where their windows begin. */
static void sort(const struct ft_candidate *candidates, int n, int order[FT_WINDOWS_MAX])
{
	for (int i = 0; i < n; i++) {
		int at = i;

		for (; at && start_of(&candidates[order[at - 1]]) > start_of(&candidates[i]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

/* What the kernel is asked for costs by the piece: so those that overlap, or almost, are read as one. */
static bool read_together(struct ft_inline *in, pid_t pid, struct ft_candidate *candidates, int n)
{
	struct iovec local[FT_WINDOWS_MAX] = { 0 }, remote[FT_WINDOWS_MAX] = { 0 };
	int order[FT_WINDOWS_MAX], count = 0;
	size_t want = 0;

	sort(candidates, n, order);
	for (int i = 0; i < n; i++) {
		uint64_t start = start_of(&candidates[order[i]]), end;
		struct iovec *last = count ? &remote[count - 1] : NULL;

		end = start + size_of(&candidates[order[i]]);
		if (last && start <= (uint64_t)last->iov_base + last->iov_len + APART) {
			if (end > (uint64_t)last->iov_base + last->iov_len)
				last->iov_len = end - (uint64_t)last->iov_base;
			continue;
		}
		remote[count++] = (struct iovec){ (void *)start, end - start };
	}
	for (int i = 0; i < count; i++) {
		local[i] = (struct iovec){ in->windows + want, remote[i].iov_len };
		want += remote[i].iov_len;
	}
	if (process_vm_readv(pid, local, (unsigned)count, remote, (unsigned)count, 0) !=
		(ssize_t)want)
		return false;
	for (int i = 0, at = 0; i < n; i++) {
		struct ft_candidate *c = &candidates[order[i]];

		while (start_of(c) - (uint64_t)remote[at].iov_base >= remote[at].iov_len)
			at++;
		memcpy(c->text,
			(uint8_t *)local[at].iov_base +
				(start_of(c) - (uint64_t)remote[at].iov_base),
			size_of(c));
	}
	return true;
}

bool ft_windows_read(
	struct ft_inline *in, const struct ft_space *sp, struct ft_candidate *candidates, int n)
{
	static_assert(
		FT_WINDOWS_MAX * (sizeof(candidates->text) + APART) <= sizeof(in->windows), "room");

	/* What is not dumpable can be read through what was opened in time. */
	if (read_together(in, sp->pid, candidates, n))
		return true;
	for (int i = 0; i < n; i++)
		if (ft_text_read(sp, start_of(&candidates[i]), candidates[i].text,
			    size_of(&candidates[i])))
			return false;
	return true;
}

bool ft_windows_are_as_known(const struct ft_space *sp, const struct ft_candidate *c)
{
	const struct ft_known *k = &c->known;
	size_t size = (size_t)k->before + k->after;
	uint8_t window[2 * FT_SITE_WINDOW];

	if (!memcmp(c->text, k->window, size))
		return true;
	memcpy(window, c->text, size);
	ft_patch_hide(sp, c->site, c->site - k->before, window, size);
	return !memcmp(window, k->window, size);
}
#endif
