#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/normalise.h"

#include <string.h>

#include "engine/inline/drain/drain.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/stops/captured.h"
#include "engine/inline/stops/refused.h"

#define SYSCALL_SIZE 2

uint64_t ft_normalise_site(const struct ft_space *sp, uint64_t ret)
{
	const struct ft_site *site = ft_patch_of_springboard(sp, ret);

	return site ? site->address : ret - SYSCALL_SIZE;
}

/*
 * Behind the call. Where the instruction that stood there has moved, the program could see that it
 * goes on elsewhere, and a restart would find no syscall before it: so this patch is taken back.
 */
uint64_t ft_normalise_after(struct ft_session *s, struct ft_task *t, uint64_t ret)
{
	struct ft_site *site = ft_patch_of_springboard(t->in->space, ret);

	if (!site)
		return ret;
	if (ret != site->springboard + site->tail)
		return site->address + SYSCALL_SIZE + site->patch.moved_len;
	ft_patch_undo(s, t, site);
	return site->address + SYSCALL_SIZE;
}

/* The call is made again by the `mov` before it, if that is how it came about: that saves a stop. */
static uint64_t before_call(
	const struct ft_space *sp, uint64_t ret, const struct user_regs_struct *regs)
{
	uint64_t address = ft_normalise_site(sp, ret);
	const struct ft_site *site = ft_sites_find(&sp->sites, address);
	uint32_t nr;

	if (!site || !site->patched || site->patch.kind != FT_PATCH_MOV)
		return address;
	memcpy(&nr, site->patch.moved + site->patch.moved_len - sizeof(nr), sizeof(nr));
	return nr == regs->rax ? address + (uint64_t)(int64_t)site->patch.at : address;
}

static bool in_springboard(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	const struct ft_space *sp = t->in->space;
	const struct ft_site *site = ft_patch_of_springboard(sp, regs->rip);

	if (site && site->tail && regs->rip >= site->springboard + site->tail) {
		regs->rip = ft_normalise_after(s, t, regs->rip);
		return true;
	}
	if (site) {
		/* What has run there need not be what may run twice: on behind it, at what has stayed. */
		uint64_t ran = regs->rip - site->springboard;

		if (site->patch.kind != FT_PATCH_BEFORE)
			ran = 0;
		else if (ran > site->patch.moved_len)
			ran = site->patch.moved_len;
		regs->rip = ft_patch_address(site) + ran;
		return true;
	}
	site = ft_patch_of_padding(sp, regs->rip);
	if (!site)
		return false;
	regs->rip = site->address;
	return true;
}

bool ft_normalise(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	struct ft_inline_task *it = t->in;
	struct ft_area_seen seen;
	bool refused = false;
	uint64_t ret = 0;

	if (it->makes_threads && ft_recorder_is_childless(regs))
		ft_area_next_birth(ft_area_birth(it->area), it->base);
	if (ft_recorder_is_returning(regs->rip))
		ft_drain_take_back(it, (int64_t)regs->rax < 0);
	ft_area_look(it, &seen);
	switch (ft_recorder_undo(regs, &seen.head, &seen.raw, &ret)) {
	case FT_OUTSIDE:
		return in_springboard(s, t, regs);
	case FT_NOT_BEGUN:
		regs->rip = before_call(it->space, ret, regs);
		return true;
	case FT_RETURNED:
		refused = ft_refused(t, regs);
		if (!refused) {
			ft_captured_after(s, t, &seen, (int64_t)regs->rax);
			ft_drain_close(s, it, &seen, (int64_t)regs->rax);
		}
		break;
	case FT_FINISHED:
		ft_captured_after(s, t, &seen, seen.raw.ret);
		ft_drain_close(s, it, &seen, seen.raw.ret);
		break;
	case FT_CLOSED:
		if (!seen.at) /* the end of a block */
			ft_drain_next_block(s, it);
		break;
	case FT_PASSED:
		refused = ft_refused(t, regs);
		break;
	}
	regs->rip = ft_normalise_after(s, t, ret);
	/* Its handler looks at all registers: it makes the call itself, perhaps. */
	if (refused) {
		ft_refused_cut(s, t);
		regs->rcx = regs->rip;
	}
	return true;
}
#endif
