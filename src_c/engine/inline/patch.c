#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/files.h"
#include "engine/inline/inline.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH	    64
#define UNPATCH_MAX 3 /* a site that signals interrupt time and again stays as it is */

/* Bytes to be replaced in text that other threads may be running. */
struct rewrite {
	uint64_t address;
	uint8_t len; /* 2 or FT_JMP_SIZE */
	uint8_t bytes[FT_JMP_SIZE];
};

/* Word by word, where /proc/PID/mem cannot be opened: of a process that is not dumpable. */
static bool poke(pid_t tid, uint64_t address, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = (address + i) & ~7ull;
		union {
			long word;
			uint8_t bytes[8];
		} u;

		errno = 0;
		u.word = ptrace(PTRACE_PEEKTEXT, tid, at, 0);
		if (errno)
			return false;
		u.bytes[(address + i) % 8] = bytes[i];
		if (ptrace(PTRACE_POKETEXT, tid, at, u.word) < 0)
			return false;
	}
	return true;
}

static bool put(const struct ft_space *sp, uint64_t address, const void *bytes, size_t n)
{
	if (sp->memory < 0)
		return poke(sp->pid, address, bytes, n);
	return pwrite(sp->memory, bytes, n, (off_t)address) == (ssize_t)n;
}

static bool get(const struct ft_space *sp, uint64_t address, void *bytes, size_t n)
{
	uint8_t *out = bytes;

	if (sp->memory >= 0)
		return pread(sp->memory, bytes, n, (off_t)address) == (ssize_t)n;
	for (size_t i = 0; i < n; i++) {
		uint64_t at = (address + i) & ~7ull;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, sp->pid, at, 0);
		if (errno)
			return false;
		out[i] = (uint8_t)(word >> (address + i) % 8 * 8);
	}
	return true;
}

static uint64_t rewrite_address(const struct ft_site *site)
{
	return site->patch.kind == FT_PATCH_MOV ? site->address + (uint64_t)(int64_t)site->patch.at
						: site->address;
}

static uint8_t rewrite_len(const struct ft_site *site)
{
	return site->patch.kind == FT_PATCH_PADDING ? 2 : FT_JMP_SIZE;
}

/* All processors that run this address space serialize: none holds bytes from before. */
static int sync_others(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	const uint64_t args[6] = { sp->nears[0].base + FT_NEAR_DUMMY };
	const uint8_t touch = 0;
	int64_t result;

	if (!put(sp, args[0], &touch, 1)) /* a page that is there, to have its entry dropped */
		return -EIO;
	return ft_inject_recorder(s, t, ft_recorder_sync(), 0, args, &result);
}

/*
 * Where others may run the text: an int3 first, then all but the first byte, then that. In between all
 * processors serialize, for one of them may have fetched the start of an instruction and not yet its
 * end. A thread that meets the int3 stops, and goes on when all is written: ft_patch_rewind().
 */
static int rewrite(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	const struct rewrite *list, int n)
{
	static const uint8_t int3 = 0xcc;
	bool ok = true;
	int rc;

	if (!n)
		return 0;
	if (sp->tasks <= 1 && t->in && t->in->space == sp) {
		for (int i = 0; i < n; i++)
			ok &= put(sp, list[i].address, list[i].bytes, list[i].len);
		return ok ? 0 : -EIO;
	}
	for (int i = 0; i < n; i++)
		ok &= put(sp, list[i].address, &int3, 1);
	rc = sync_others(s, t, sp);
	for (int i = 0; i < n; i++)
		ok &= put(sp, list[i].address + 1, list[i].bytes + 1, list[i].len - 1u);
	if (!rc)
		rc = sync_others(s, t, sp);
	for (int i = 0; i < n; i++)
		ok &= put(sp, list[i].address, list[i].bytes, 1);
	return ok ? rc : -EIO;
}

/* Springboards that lie one behind the other, to be written at once: nobody runs them yet. */
struct springboards {
	uint64_t at;
	size_t len;
	bool failed; /* our memory there has gone: no jmp may lead to it */
	uint8_t code[BATCH * FT_SPRINGBOARD_MAX];
};

static void put_springboards(const struct ft_space *sp, struct springboards *b)
{
	if (b->len && !put(sp, b->at, b->code, b->len))
		b->failed = true;
	b->len = 0;
}

/* Makes the springboard and, for a site with padding, writes the jmp there, which nobody runs yet. */
static bool prepare(struct ft_space *sp, struct ft_site *site, struct ft_near *near,
	struct springboards *b, struct rewrite *out)
{
	uint8_t jmp[FT_JMP_SIZE];
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
	out->address = rewrite_address(site);
	out->len = rewrite_len(site);
	if (site->patch.kind != FT_PATCH_PADDING) {
		ft_site_jmp(out->address, site->springboard, out->bytes);
		return true;
	}
	ft_site_jmp(site->address + (uint64_t)(int64_t)site->patch.padding, site->springboard, jmp);
	if (!put(sp, site->address + (uint64_t)(int64_t)site->patch.padding, jmp, sizeof(jmp)))
		return false;
	out->bytes[0] = 0xeb;
	out->bytes[1] = (uint8_t)(site->patch.padding - 2);
	return true;
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
	struct rewrite list[BATCH];
	struct springboards springboards = { .at = 0 };
	int count = 0;

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
		if (prepare(sp, site, near, &springboards, &list[count])) {
			site->patched = true;
			count++;
		}
	}
	put_springboards(sp, &springboards);
	if (!springboards.failed)
		rewrite(s, t, sp, list, count);
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

/* What stands at a patched site now; the program may have mapped something else there since. */
static bool is_still_patched(const struct ft_space *sp, const struct ft_site *site)
{
	uint8_t now[FT_JMP_SIZE], jmp[FT_JMP_SIZE];

	if (!get(sp, rewrite_address(site), now, rewrite_len(site)))
		return false;
	if (site->patch.kind == FT_PATCH_PADDING)
		return now[0] == 0xeb && now[1] == (uint8_t)(site->patch.padding - 2);
	ft_site_jmp(rewrite_address(site), site->springboard, jmp);
	return !memcmp(now, jmp, sizeof(jmp));
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
	if (site && site->patched && is_still_patched(sp, site))
		return 0;
	if (site && !site->patched && site->looked == alone + 1)
		return 0;
	if (ft_maps_find(sp->pid, address, &m) < 0)
		return -ENOENT;
	if (is_patchable(&m)) {
		if (!site)
			apply_file(s, t, &m, ft_files_find(s->in->files, m.dev, m.inode));
		site = ft_site_find(sp, address);
		if (site && site->patched && is_still_patched(sp, site))
			return 0;
		from = address - m.start > FT_SITE_WINDOW ? address - FT_SITE_WINDOW : m.start;
		to = m.end - address > FT_SITE_WINDOW ? address + FT_SITE_WINDOW : m.end;
		if (!get(sp, from, window, to - from))
			return -EFAULT;
		ft_site_analyse(window + (address - from), address - from, to - address, address,
			nr, alone && (!site || site->unpatched < UNPATCH_MAX), &known.patch);
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

static void restore(const struct ft_space *sp, struct ft_site *site, struct rewrite *out)
{
	out->address = rewrite_address(site);
	out->len = rewrite_len(site);
	if (site->patch.kind == FT_PATCH_PADDING)
		memcpy(out->bytes, site->original_syscall, 2);
	else
		memcpy(out->bytes, site->original, FT_JMP_SIZE);
	(void)sp;
}

int ft_patch_undo(struct ft_session *s, struct ft_task *t, struct ft_site *site)
{
	struct ft_space *sp = t->in->space;
	struct rewrite one;
	int rc = 0;

	if (!site->patched)
		return 0;
	if (is_still_patched(sp, site)) {
		restore(sp, site, &one);
		rc = rewrite(s, t, sp, &one, 1);
	}
	site->patched = false;
	site->looked = 0;
	if (site->unpatched < UNPATCH_MAX)
		site->unpatched++;
	return rc;
}

int ft_patch_undo_all(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	struct rewrite list[BATCH];
	int n = 0, rc = 0;

	for (uint32_t i = 0; i < sp->site_room; i++) {
		struct ft_site *site = &sp->sites[i];

		if (!site->patched)
			continue;
		site->patched = false;
		if (!is_still_patched(sp, site))
			continue;
		restore(sp, site, &list[n++]);
		if (n == BATCH) {
			rc |= rewrite(s, t, sp, list, n);
			n = 0;
		}
	}
	return rc | rewrite(s, t, sp, list, n);
}

void ft_patch_undo_padding(const struct ft_space *sp)
{
	uint8_t now[FT_JMP_SIZE], jmp[FT_JMP_SIZE];

	for (uint32_t i = 0; i < sp->site_room; i++) {
		const struct ft_site *site = &sp->sites[i];
		uint64_t at = site->address + (uint64_t)(int64_t)site->patch.padding;

		if (!site->springboard || site->patch.kind != FT_PATCH_PADDING)
			continue;
		ft_site_jmp(at, site->springboard, jmp);
		if (get(sp, at, now, sizeof(now)) && !memcmp(now, jmp, sizeof(jmp)))
			put(sp, at, site->original, FT_JMP_SIZE);
	}
}

bool ft_patch_rewind(const struct ft_space *sp, uint64_t ip, uint64_t *to)
{
	for (uint32_t i = 0; i < sp->site_room; i++) {
		const struct ft_site *site = &sp->sites[i];
		uint8_t now;

		if (!site->springboard || rewrite_address(site) != ip - 1)
			continue;
		if (!get(sp, ip - 1, &now, 1) || now == 0xcc)
			return false;
		*to = ip - 1;
		return true;
	}
	return false;
}
#endif
