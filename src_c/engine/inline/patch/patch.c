#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/patch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "engine/inline/maps.h"
#include "engine/inline/patch/files.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/patch/signal_frame.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/patch/windows.h"

#define BATCH FT_WINDOWS_MAX

/* Springboards that lie one behind the other, to be written at once: nobody runs them yet. */
struct springboards {
	uint64_t at;
	size_t len;
	bool failed; /* our memory there has gone: no jmp may lead to it */
	uint8_t code[BATCH * FT_SPRINGBOARD_SIZE];
};

static_assert(2 * BATCH <= FT_REWRITES_MAX, "a jmp over each, and one in its padding");

static void put_springboards(
	const struct ft_session *s, struct ft_space *sp, struct springboards *b)
{
	if (b->len && ft_near_write(s, sp, b->at, b->code, b->len))
		b->failed = true;
	b->len = 0;
}

/*
 * Makes the springboard and what is to be written for it. Returns how many those are, or 0: it cannot be had. A jmp in
 * padding, which nobody runs yet, is written at once where somebody might run the others.
 */
static int prepare(const struct ft_session *s, const struct ft_task *t, struct ft_site *site,
	uint64_t address, struct springboards *b, struct ft_rewrite out[2])
{
	struct ft_space *sp = t->in->space;
	uint8_t *code;
	size_t len;

	if (address != b->at + b->len) {
		put_springboards(s, sp, b);
		b->at = address;
	}
	code = b->code + b->len;
	len = ft_site_springboard(&site->patch, site->address, address,
		ft_near_base(sp, address) + FT_NEAR_SLOT, code, &site->tail);
	if (!len)
		return 0;
	memset(code + len, 0xcc, FT_SPRINGBOARD_SIZE - len);
	b->len += FT_SPRINGBOARD_SIZE;
	site->springboard = address;
	site->springboard_len = (uint8_t)len;
	ft_patch_bytes(site, &out[0]);
	if (!ft_patch_padding_bytes(site, &out[1]))
		return 1;
	if (ft_text_is_alone(t, sp))
		return 2;
	return !ft_text_write(sp, out[1].address, out[1].bytes, out[1].len);
}

/* The site of a candidate, with a springboard of its own. 1; 0: there is no room; or a negative errno. */
static int take_site(struct ft_session *s, struct ft_task *t, const struct ft_candidate *c,
	struct ft_site **out, uint64_t *springboard)
{
	const uint8_t *at = c->known.window + c->known.before;
	struct ft_space *sp = t->in->space;
	struct ft_site *site = ft_sites_find(&sp->sites, c->site);
	bool same = site && !memcmp(&site->patch, &c->known.patch, sizeof(site->patch)) &&
		    ft_near_owner(sp, site->springboard) == site - sp->sites.list;
	struct ft_near *near = NULL;

	if (!site && ft_sites_are_full(&sp->sites))
		return 0;
	if (!same) {
		int rc = ft_near_find(s, t, c->site, &near);

		if (rc != 1)
			return rc;
	}
	if (!site)
		site = ft_sites_add(&sp->sites, c->site);
	if (!site)
		return 0;
	*springboard = same ? site->springboard
			    : ft_near_take(sp, near, (uint32_t)(site - sp->sites.list));
	site->patch = c->known.patch;
	memcpy(site->original, at + site->patch.at, FT_JMP_SIZE);
	memcpy(site->original_syscall, at, 2);
	*out = site;
	return 1;
}

static void surround(struct ft_rewrite *rewrite, const struct ft_candidate *c)
{
	rewrite->text = c->text;
	rewrite->from = c->site - c->known.before;
	rewrite->to = c->site + c->room;
}

/* Patches those of which what is known holds. 0 or a negative errno: the task has gone. */
static int apply(struct ft_session *s, struct ft_task *t, struct ft_candidate *candidates, int n)
{
	struct ft_space *sp = t->in->space;
	struct springboards springboards = { .at = 0 };
	struct ft_rewrite list[2 * BATCH] = { 0 };
	uint32_t sites[BATCH];
	int count = 0, rewrites = 0, failed, rc = 1;

	for (int i = 0; i < n && rc >= 0; i++) {
		struct ft_site *site;
		uint64_t springboard;
		int more;

		if (!ft_windows_are_as_known(sp, &candidates[i]))
			continue;
		rc = take_site(s, t, &candidates[i], &site, &springboard);
		if (rc != 1)
			continue;
		more = prepare(s, t, site, springboard, &springboards, &list[rewrites]);
		for (int k = 0; k < more; k++)
			surround(&list[rewrites + k], &candidates[i]);
		rewrites += more;
		site->patched = more > 0;
		if (site->patched)
			sites[count++] = (uint32_t)(site - sp->sites.list);
	}
	put_springboards(s, sp, &springboards);
	failed = springboards.failed ? -EFAULT : ft_text_rewrite(s, t, sp, list, rewrites);
	for (int i = 0; failed && i < count; i++) {
		struct ft_site *site = &sp->sites.list[sites[i]];

		site->patched = ft_patch_is_in_place(sp, site);
	}
	if (rc < 0)
		return rc;
	return failed == -ESRCH ? failed : 0;
}

static int read_and_apply(
	struct ft_session *s, struct ft_task *t, struct ft_candidate *candidates, int n)
{
	if (!n || !ft_windows_read(s->in, t->in->space, candidates, n))
		return 0;
	return apply(s, t, candidates, n);
}

static bool is_patchable(const struct ft_mapping *m)
{
	return m->file && m->read && m->exec && !m->write && !m->shared;
}

/* Where in what is known of a file this space's mapping of it has got to. */
static struct ft_applied *applied_of(struct ft_space *sp, uint64_t id, uint64_t start)
{
	struct ft_applied *applied;

	for (int i = 0; i < FT_APPLIED_MAX; i++)
		if (sp->applied[i].id == id && sp->applied[i].start == start)
			return &sp->applied[i];
	applied = &sp->applied[sp->applied_next++ % FT_APPLIED_MAX];
	*applied = (struct ft_applied){ .id = id, .start = start };
	return applied;
}

/* moves: also FT_PATCH_MOVED, which must not be written where the task may return to behind its call. */
static bool is_wanted(
	struct ft_space *sp, const struct ft_mapping *m, bool moves, struct ft_candidate *c)
{
	const struct ft_known *k = &c->known;
	uint64_t room;

	if (!(k->users & sp->program) || k->offset < m->offset + k->before ||
		k->offset + k->after > m->offset + (m->end - m->start))
		return false;
	c->site = m->start + (k->offset - m->offset);
	room = m->end - c->site;
	c->room = (uint16_t)(room < FT_WINDOW_BEHIND ? room : FT_WINDOW_BEHIND);
	return !ft_sites_find(&sp->sites, c->site) &&
	       (k->patch.kind != FT_PATCH_MOVED || (moves && ft_patch_is_alone(sp)));
}

/* What is known of a file by now. 0 or a negative errno: the task has gone. */
static int apply_file(
	struct ft_session *s, struct ft_task *t, const struct ft_mapping *m, bool moves)
{
	struct ft_space *sp = t->in->space;
	uint64_t id = ft_files_find(s->in->files, m->dev, m->inode);
	struct ft_candidate candidates[BATCH];
	int n = 0, rc = 0;
	struct ft_applied *applied;

	if (!id)
		return 0;
	applied = applied_of(sp, id, m->start);
	applied->changes = ft_files_changes(s->in->files, id);
	while (!rc && !ft_sites_are_full(&sp->sites) &&
		ft_files_known(s->in->files, id, applied->count, &candidates[n].known)) {
		applied->count++;
		if (is_wanted(sp, m, moves, &candidates[n]) && ++n == BATCH) {
			rc = read_and_apply(s, t, candidates, n);
			n = 0;
		}
	}
	return rc ? rc : read_and_apply(s, t, candidates, n);
}

void ft_patch_known(struct ft_session *s, struct ft_task *t, const struct ft_mapping *text)
{
	struct ft_space *sp = t->in->space;
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", sp->pid);
	if (t->image.program)
		sp->program = ft_files_program(&s->in->files, 0, t->image.program);
	else if (!stat(path, &st))
		sp->program = ft_files_program(&s->in->files, st.st_dev, st.st_ino);
	if (s->in->files && is_patchable(text))
		apply_file(s, t, text, true);
}

void ft_patch_catch_up(struct ft_session *s, struct ft_task *t)
{
	struct ft_space *sp = t->in->space;
	uint64_t changes = ft_files_changes(s->in->files, 0);
	struct ft_mapping m;

	if (sp->caught_up == changes || !ft_patch_is_alone(sp))
		return;
	sp->caught_up = changes;
	for (int i = 0; i < FT_APPLIED_MAX; i++) {
		struct ft_applied *a = &sp->applied[i];

		if (!a->id || a->changes == ft_files_changes(s->in->files, a->id))
			continue;
		a->count = 0; /* of some that were known it may be the program that uses them */
		if (!ft_maps_find_in(&s->in->maps, sp, a->start, &m) && m.start == a->start &&
			is_patchable(&m) && ft_files_find(s->in->files, m.dev, m.inode) == a->id &&
			apply_file(s, t, &m, false) < 0)
			return;
	}
}

bool ft_patch_is_alone(const struct ft_space *sp)
{
	return sp->refs == 1 && sp->tasks == 1;
}

/* 1: the site can be patched; 0: not as things are; -ESRCH. */
static int look_at(const struct ft_space *sp, const struct ft_mapping *m, uint64_t address,
	uint32_t nr, struct ft_candidate *c)
{
	const struct ft_site *site = ft_sites_find(&sp->sites, address);
	bool alone = ft_patch_is_alone(sp) && (!site || site->unpatched < FT_UNPATCH_MAX);
	struct ft_known *k = &c->known;
	uint64_t before = address - m->start, after = m->end - address;
	size_t size;
	int rc;

	k->before = (uint16_t)(before < FT_SITE_WINDOW ? before : FT_SITE_WINDOW);
	k->after = (uint16_t)(after < FT_SITE_WINDOW ? after : FT_SITE_WINDOW);
	k->offset = m->offset + before;
	size = (size_t)k->before + k->after;
	rc = ft_text_read(sp, address - k->before, c->text, size);
	if (rc)
		return rc == -ESRCH ? rc : 0;
	memcpy(k->window, c->text, size);
	ft_patch_hide(sp, address, address - k->before, k->window, size);
	ft_site_analyse(k->window + k->before, k->before, k->after, address, nr, alone, &k->patch);
	/* Unwinders know it by its bytes, where nothing else tells them that a handler's frame begins there. */
	if (nr == SYS_rt_sigreturn &&
		(k->patch.kind != FT_PATCH_MOV ||
			!ft_signal_frame_is_told(sp, m, address + (uint64_t)(int64_t)k->patch.at)))
		return 0;
	c->site = address;
	c->room = k->after;
	return k->patch.kind != FT_PATCH_NONE;
}

/* Returns whether the site is patched now; or a negative errno. */
static int learn(struct ft_session *s, struct ft_task *t, uint64_t address, uint32_t nr)
{
	struct ft_space *sp = t->in->space;
	const struct ft_site *site = ft_sites_find(&sp->sites, address);
	struct ft_candidate c = { 0 };
	struct ft_mapping m;
	uint64_t id;
	int rc = 0;

	if (ft_maps_find_in(&s->in->maps, sp, address, &m) < 0 || !is_patchable(&m))
		return 0;
	if (!site) {
		rc = apply_file(s, t, &m, true);
		site = ft_sites_find(&sp->sites, address);
		if (rc < 0 || (site && site->patched))
			return rc < 0 ? rc : 1;
	}
	id = ft_files_find(s->in->files, m.dev, m.inode);
	if (!site &&
		ft_files_use(
			s->in->files, id, m.offset + (address - m.start), sp->program, &c.known) &&
		is_wanted(sp, &m, true, &c)) {
		rc = read_and_apply(s, t, &c, 1);
		site = ft_sites_find(&sp->sites, address);
		if (rc || (site && site->patched))
			return rc ? rc : 1;
	}
	rc = look_at(sp, &m, address, nr, &c);
	if (rc != 1)
		return rc;
	c.known.users = sp->program;
	rc = ft_files_add(&s->in->files, m.dev, m.inode, &c.known);
	if (!rc)
		rc = apply(s, t, &c, 1);
	site = ft_sites_find(&sp->sites, address);
	return rc < 0 ? rc : site && site->patched;
}

int ft_patch_learn(struct ft_session *s, struct ft_task *t, uint64_t address, uint32_t nr)
{
	struct ft_space *sp = t->in->space;
	const struct ft_site *site = ft_sites_find(&sp->sites, address);
	bool alone = ft_patch_is_alone(sp);
	int rc;

	/* A patched one was jumped to behind its mov, or is new code where the old one was. */
	if (site && site->patched && ft_patch_is_in_place(sp, site))
		return 0;
	if ((!site && ft_sites_are_full(&sp->sites)) ||
		ft_sites_is_looked(&sp->sites, address, alone) ||
		(!site && !ft_sites_is_due(&sp->sites, address)))
		return 0;
	rc = learn(s, t, address, nr);
	if (!rc)
		ft_sites_set_looked(&sp->sites, address, alone);
	return rc < 0 ? rc : 0;
}
#endif
