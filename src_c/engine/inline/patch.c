#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/files.h"
#include "engine/inline/patch.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH 64

/* Springboards that lie one behind the other, to be written at once: nobody runs them yet. */
struct springboards {
	uint64_t at;
	size_t len;
	bool failed; /* our memory there has gone: no jmp may lead to it */
	uint8_t code[BATCH * FT_SPRINGBOARD_MAX];
};

static void put_springboards(const struct ft_space *sp, struct springboards *b)
{
	if (b->len && ft_text_write(sp, b->at, b->code, b->len))
		b->failed = true;
	b->len = 0;
}

/* Makes the springboard and, for a site with padding, writes the jmp there, which nobody runs yet. */
static bool prepare(struct ft_space *sp, struct ft_site *site, struct ft_near *near,
	struct springboards *b, struct ft_rewrite *out)
{
	struct ft_rewrite padding;
	size_t len;

	if (near->used != b->at + b->len) {
		put_springboards(sp, b);
		b->at = near->used;
	}
	len = ft_site_springboard(&site->patch, site->address, near->used,
		near->base + FT_NEAR_SLOT, b->code + b->len, &site->tail);
	site->springboard = near->used;
	site->springboard_len = (uint8_t)len;
	near->used += len;
	b->len += len;
	ft_patch_bytes(site, out);
	return !ft_patch_padding_bytes(site, &padding) ||
	       !ft_text_write(sp, padding.address, padding.bytes, padding.len);
}

static bool is_patchable(const struct ft_mapping *m)
{
	return m->file && m->read && m->exec && !m->write && !m->shared;
}

/* The bytes that a patch of this site replaces are what they were when it was learned. */
struct check {
	const struct ft_known *known;
	uint64_t site;
	uint8_t at[FT_JMP_SIZE], syscall[2];
};

static int read_all(const struct ft_space *sp, struct check *checks, int n)
{
	struct iovec local[2 * BATCH], remote[2 * BATCH];
	ssize_t want = 0;

	for (int i = 0; i < n; i++) {
		uint64_t at = checks[i].site + (uint64_t)(int64_t)checks[i].known->patch.at;

		local[2 * i] = (struct iovec){ checks[i].at, FT_JMP_SIZE };
		local[2 * i + 1] = (struct iovec){ checks[i].syscall, 2 };
		remote[2 * i] = (struct iovec){ (void *)at, FT_JMP_SIZE };
		remote[2 * i + 1] = (struct iovec){ (void *)checks[i].site, 2 };
		want += FT_JMP_SIZE + 2;
	}
	return process_vm_readv(sp->pid, local, 2ul * (unsigned)n, remote, 2ul * (unsigned)n, 0) ==
			       want
		       ? 0
		       : -EFAULT;
}

/* Patches what the checks say and what has not changed. */
static void apply(struct ft_session *s, struct ft_task *t, struct check *checks, int n)
{
	struct ft_space *sp = t->in->space;
	struct ft_rewrite list[BATCH];
	struct springboards springboards = { .at = 0 };
	uint64_t sites[BATCH];
	int count = 0, failed;

	if (n <= 0 || read_all(sp, checks, n) < 0)
		return;
	for (int i = 0; i < n; i++) {
		const struct ft_known *k = checks[i].known;
		struct ft_near *near;
		struct ft_site *site;

		if (memcmp(checks[i].at, k->original, FT_JMP_SIZE) ||
			memcmp(checks[i].syscall, k->original_syscall, 2))
			continue;
		if (ft_space_near(s, t, checks[i].site, &near) != 1)
			continue;
		site = ft_site_add(sp, checks[i].site);
		if (!site)
			break;
		site->patch = k->patch;
		memcpy(site->original, k->original, FT_JMP_SIZE);
		memcpy(site->original_syscall, k->original_syscall, 2);
		if (prepare(sp, site, near, &springboards, &list[count]))
			sites[count++] = site->address;
	}
	put_springboards(sp, &springboards);
	if (springboards.failed)
		return;
	failed = ft_text_rewrite(s, t, sp, list, count);
	for (int i = 0; i < count; i++) {
		struct ft_site *site = ft_site_find(sp, sites[i]);

		site->patched = !failed || ft_patch_is_in_place(sp, site);
	}
}

static void apply_file(struct ft_session *s, struct ft_task *t, const struct ft_mapping *m,
	const struct ft_file *file)
{
	struct ft_space *sp = t->in->space;
	struct check checks[BATCH];
	int n = 0;

	for (int i = 0; file && i < file->count; i++) {
		const struct ft_known *k = &file->known[i];
		uint64_t address = m->start + (k->offset - m->offset);

		if (k->offset < m->offset || address + 2 > m->end || ft_site_find(sp, address))
			continue;
		if (k->patch.kind == FT_PATCH_NONE ||
			(k->patch.kind == FT_PATCH_MOVED && sp->tasks != 1))
			continue;
		checks[n++] = (struct check){ .known = k, .site = address };
		if (n == BATCH) {
			apply(s, t, checks, n);
			n = 0;
		}
	}
	apply(s, t, checks, n);
}

void ft_patch_known(struct ft_session *s, struct ft_task *t, uint64_t address)
{
	struct ft_space *sp = t->in->space;
	struct ft_mapping m;

	if (s->in->files && !ft_maps_find(sp->pid, address, &m) && is_patchable(&m))
		apply_file(s, t, &m, ft_files_find(s->in->files, m.dev, m.inode));
}

int ft_patch_learn(struct ft_session *s, struct ft_task *t, uint64_t address, uint32_t nr)
{
	struct ft_space *sp = t->in->space;
	struct ft_site *site = ft_site_find(sp, address);
	uint8_t window[2 * FT_SITE_WINDOW];
	bool alone = sp->tasks == 1;
	struct ft_known known = { 0 };
	uint64_t from = address, to;
	struct ft_mapping m;

	/* A patched one was jumped to behind its mov, or is new code where the old one was. */
	if (site && site->patched && ft_patch_is_in_place(sp, site))
		return 0;
	if (site && !site->patched && site->looked == alone + 1)
		return 0;
	if (ft_maps_find(sp->pid, address, &m) < 0)
		return -ENOENT;
	if (is_patchable(&m)) {
		if (!site)
			apply_file(s, t, &m, ft_files_find(s->in->files, m.dev, m.inode));
		site = ft_site_find(sp, address);
		if (site && site->patched && ft_patch_is_in_place(sp, site))
			return 0;
		from = address - m.start > FT_SITE_WINDOW ? address - FT_SITE_WINDOW : m.start;
		to = m.end - address > FT_SITE_WINDOW ? address + FT_SITE_WINDOW : m.end;
		if (ft_text_read(sp, from, window, to - from))
			return -EFAULT;
		ft_site_analyse(window + (address - from), address - from, to - address, address,
			nr, alone && (!site || site->unpatched < FT_UNPATCH_MAX), &known.patch);
	}
	if (known.patch.kind == FT_PATCH_NONE) {
		uint8_t unpatched = site ? site->unpatched : 0;

		site = ft_site_add(sp, address);
		if (!site)
			return -ENOMEM;
		site->looked = alone + 1;
		site->unpatched = unpatched;
		return 0;
	}
	known.offset = m.offset + (address - m.start);
	memcpy(known.original, window + (address - from) + known.patch.at, FT_JMP_SIZE);
	memcpy(known.original_syscall, window + (address - from), 2);
	if (ft_files_add(&s->in->files, m.dev, m.inode, &known) < 0)
		return -ENOMEM;
	apply(s, t, &(struct check){ .known = &known, .site = address }, 1);
	return 0;
}
#endif
