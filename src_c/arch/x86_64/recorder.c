#if defined(__x86_64__)
#include "arch/x86_64/recorder.h"

#include <string.h>

#include "arch/x86_64/recorder_code.h"

#define OFFSET(label)  ((uint64_t)((label) - ft_recorder_start))
#define ADDRESS(label) (FT_RECORDER_BASE + OFFSET(label))
#define SYSCALL_SIZE   2 /* 0f 05 */

static void put_jump(uint8_t *page, const uint8_t *at, const uint8_t *to)
{
	int32_t away = (int32_t)(to - at) - 5;

	page[OFFSET(at)] = 0xe9;
	memcpy(page + OFFSET(at) + 1, &away, sizeof(away));
}

void ft_recorder_code(uint8_t page[FT_RECORDER_CODE], bool brief)
{
	size_t size = OFFSET(ft_recorder_end);

	memcpy(page, ft_recorder_start, size);
	memset(page + size, 0xcc, FT_RECORDER_CODE - size);
	if (!brief)
		return;
	put_jump(page, ft_record, ft_brief);
	put_jump(page, ft_record_mask, ft_brief_mask);
	put_jump(page, ft_return, ft_brief_return);
	put_jump(page, ft_birth_make, ft_brief_birth_make);
}

void ft_recorder_lengthen(
	const struct ft_brief *brief, const struct ft_kept *kept, struct ft_raw *out)
{
	*out = (struct ft_raw){
		.start = brief->start,
		.end = brief->end,
		.ret = brief->ret,
		.nr = brief->nr,
		.frame = kept->frame,
	};
	memcpy(out->args, kept->args, sizeof(kept->args));
}

uint64_t ft_recorder_entry(bool fsgsbase)
{
	return fsgsbase ? ADDRESS(ft_entry) : ADDRESS(ft_entry_without_gs);
}

uint64_t ft_recorder_record(uint64_t nr)
{
	return (uint32_t)nr == 14 ? ADDRESS(ft_record_mask) : ADDRESS(ft_record);
}

uint64_t ft_recorder_call(void)
{
	return ADDRESS(ft_call);
}

uint64_t ft_recorder_sync(void)
{
	return ADDRESS(ft_sync);
}

void ft_recorder_sync_ends(uint16_t ends[2])
{
	ends[0] = (uint16_t)(ft_sync_first - ft_sync);
	ends[1] = (uint16_t)(ft_sync_second - ft_sync);
}

uint64_t ft_recorder_pass(void)
{
	return ADDRESS(ft_pass);
}

bool ft_recorder_sets_mask(uint64_t ip)
{
	return (ip >= ADDRESS(ft_record_mask_returned) && ip < ADDRESS(ft_record_mask_closed)) ||
	       (ip >= ADDRESS(ft_capture_returned) && ip < ADDRESS(ft_capture_closed)) ||
	       (ip >= ADDRESS(ft_brief_mask_returned) && ip < ADDRESS(ft_brief_mask_closed)) ||
	       (ip >= ADDRESS(ft_return_masked) && ip <= ADDRESS(ft_came_back));
}

bool ft_recorder_is_returning(uint64_t ip)
{
	return ip >= ADDRESS(ft_return_leaving) && ip <= ADDRESS(ft_came_back);
}

uint64_t ft_recorder_capture(void)
{
	return ADDRESS(ft_capture);
}

uint64_t ft_recorder_traced(void)
{
	return ADDRESS(ft_traced);
}

bool ft_recorder_is_born(uint64_t ip)
{
	return ip == ADDRESS(ft_birth_returned) || ip == ADDRESS(ft_brief_birth_returned);
}

/* From where it has said that it makes one to behind the call. */
static bool is_childless(const struct user_regs_struct *regs, const uint8_t *claimed,
	const uint8_t *returned, const uint8_t *end)
{
	if (regs->rip < ADDRESS(claimed) || regs->rip >= ADDRESS(end))
		return false;
	return regs->rip < ADDRESS(returned) || (int64_t)regs->rax < 0;
}

bool ft_recorder_is_childless(const struct user_regs_struct *regs)
{
	return is_childless(regs, ft_birth_claimed, ft_birth_returned, ft_brief_birth_make) ||
	       is_childless(regs, ft_brief_birth_claimed, ft_brief_birth_returned, ft_call);
}

bool ft_recorder_fault(uint64_t ip, uint64_t *on)
{
	static const struct {
		const uint8_t *load, *on;
	} faults[] = {
		{ ft_ops_char, ft_ops_cut },
		{ ft_ops_byte, ft_ops_cut },
		{ ft_ops_word, ft_ops_tail }, /* some of its bytes, perhaps */
		{ ft_ops_count, ft_ops },
		{ ft_return_rax, ft_return_unread },
		{ ft_return_mask, ft_return_unread },
		{ ft_brief_return_rax, ft_return_unread },
		{ ft_brief_return_mask, ft_return_unread },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (ip == ADDRESS(faults[i].load)) {
			*on = ADDRESS(faults[i].on);
			return true;
		}
	*on = ADDRESS(ft_birth_trap);
	return ip >= ADDRESS(ft_birth_copying) && ip < ADDRESS(ft_birth_copied);
}

enum ft_recorder_trap ft_recorder_trap_at(uint64_t ip)
{
	if (ip == ADDRESS(ft_trapped))
		return FT_TRAP_VERDICT;
	if (ip == ADDRESS(ft_full))
		return FT_TRAP_FULL;
	if (ip == ADDRESS(ft_gs_lost))
		return FT_TRAP_GS;
	if (ip == ADDRESS(ft_unread))
		return FT_TRAP_EXIT;
	if (ip == ADDRESS(ft_came_back))
		return FT_TRAP_REFUSED;
	return FT_TRAP_NONE;
}

/* Where the phases of one way through the recorder begin. */
struct way {
	const uint8_t *start, *borrowing, *returned, *finished, *closed, *end;
	void (*give_back)(
		struct user_regs_struct *regs, const struct ft_raw *current, uint64_t rax);
};

static void give_back(struct user_regs_struct *regs, const struct ft_raw *current, uint64_t rax)
{
	regs->rax = rax;
	regs->rdi = current->args[0];
	regs->rsi = current->args[1];
	regs->rdx = current->args[2];
	regs->r10 = current->args[3];
	regs->r8 = current->args[4];
	regs->r9 = current->args[5];
}

/* Of a call with a brief record no more was borrowed, and so kept. */
static void give_back_briefly(
	struct user_regs_struct *regs, const struct ft_raw *current, uint64_t rax)
{
	regs->rax = rax;
	regs->rdx = current->args[2];
}

static void give_back_four(
	struct user_regs_struct *regs, const struct ft_raw *current, uint64_t rax)
{
	give_back_briefly(regs, current, rax);
	regs->rdi = current->args[0];
	regs->rsi = current->args[1];
	regs->r10 = current->args[3];
}

static const struct way ways[] = {
	{ ft_record, ft_record_borrowing, ft_record_returned, ft_record_finished, ft_record_closed,
		ft_end_of_block, give_back },
	{ ft_record_mask, ft_record_mask_borrowing, ft_record_mask_returned,
		ft_record_mask_finished, ft_record_mask_closed, ft_beyond, give_back },
	{ ft_brief, ft_brief_borrowing, ft_brief_returned, ft_brief_finished, ft_brief_closed,
		ft_brief_mask, give_back_briefly },
	{ ft_brief_mask, ft_brief_mask_borrowing, ft_brief_mask_returned, ft_brief_mask_finished,
		ft_brief_mask_closed, ft_brief_return, give_back_four },
};

#define FLAGS	      0xd5ul /* SF, ZF, AF, PF, CF: as lahf has them */
#define OVERFLOW_FLAG 0x800ul

static void give_back_flags(struct user_regs_struct *regs, uint64_t saved)
{
	regs->eflags &= ~(FLAGS | OVERFLOW_FLAG);
	regs->eflags |= (saved >> 8 & FLAGS) | (saved & 1 ? OVERFLOW_FLAG : 0);
}

static enum ft_progress undo_way(struct user_regs_struct *regs, const struct way *w,
	const struct ft_raw *current, uint64_t at)
{
	if (at < OFFSET(w->borrowing))
		return FT_NOT_BEGUN;
	if (at == OFFSET(w->returned) - SYSCALL_SIZE)
		return FT_NOT_BEGUN; /* all is given back; rax may be restart_syscall's number */
	if (at < OFFSET(w->returned)) {
		w->give_back(regs, current, current->nr);
		return FT_NOT_BEGUN;
	}
	if (at < OFFSET(w->finished))
		return FT_RETURNED;
	if (at < OFFSET(w->closed)) {
		w->give_back(regs, current, (uint64_t)current->ret);
		return FT_FINISHED;
	}
	return FT_CLOSED;
}

static enum ft_progress undo_after(
	struct user_regs_struct *regs, const struct ft_area *area, const struct ft_raw *current)
{
	give_back(regs, current, (uint64_t)current->ret);
	give_back_flags(regs, area->flags);
	return FT_FINISHED;
}

static enum ft_progress undo_capture(struct user_regs_struct *regs, const struct ft_area *area,
	const struct ft_raw *current, uint64_t at)
{
	static const struct way way = { ft_traced, ft_capture_borrowing, ft_capture_returned,
		ft_capture_finished, ft_capture_closed, ft_return, give_back };

	/* The same ops' code before and after the call: r10 says where. */
	if (at >= OFFSET(ft_ops) && at < OFFSET(ft_ops_entered) && regs->r10)
		return undo_after(regs, area, current);
	if (at >= OFFSET(ft_capture_after) && at < OFFSET(ft_capture_closed))
		return undo_after(regs, area, current);
	if (at >= OFFSET(ft_traced))
		return undo_way(regs, &way, current, at);
	if (at >= OFFSET(ft_capture_saving))
		give_back(regs, current, current->nr);
	if (at >= OFFSET(ft_capture_copying))
		give_back_flags(regs, area->flags);
	return FT_NOT_BEGUN;
}

static enum ft_progress undo_return(
	struct user_regs_struct *regs, const struct ft_raw *current, uint64_t at)
{
	if (at >= OFFSET(ft_brief_return_borrowing) && at < OFFSET(ft_brief_return_timed))
		give_back_briefly(regs, current, current->nr);
	if (at >= OFFSET(ft_return_unread))
		return FT_NOT_BEGUN;
	if (at >= OFFSET(ft_return_borrowing) && at < OFFSET(ft_return_timed))
		give_back(regs, current, current->nr);
	return at > OFFSET(ft_return_leaving) ? FT_RETURNED : FT_NOT_BEGUN;
}

static enum ft_progress undo_birth(
	struct user_regs_struct *regs, const struct ft_raw *current, uint64_t at)
{
	bool brief = at >= OFFSET(ft_brief_birth_make);

	if (at < OFFSET(brief ? ft_brief_birth_borrowing : ft_birth_borrowing))
		return FT_NOT_BEGUN;
	regs->rdi = current->args[0];
	if (at >= OFFSET(brief ? ft_brief_birth_returned : ft_birth_returned))
		return FT_RETURNED;
	regs->rax = current->nr;
	regs->rdx = current->args[2];
	return FT_NOT_BEGUN;
}

enum ft_progress ft_recorder_undo(struct user_regs_struct *regs, const struct ft_area *area,
	const struct ft_raw *current, uint64_t *ret)
{
	uint64_t at = regs->rip - FT_RECORDER_BASE;

	if (at >= OFFSET(ft_recorder_end))
		return FT_OUTSIDE;
	*ret = at < OFFSET(ft_has_ret) ? regs->r11 : area->ret;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (at >= OFFSET(ways[i].start) && at < OFFSET(ways[i].end))
			return undo_way(regs, &ways[i], current, at);
	if (at >= OFFSET(ft_call))
		return FT_OUTSIDE;
	if (at >= OFFSET(ft_birth))
		return undo_birth(regs, current, at);
	if (at >= OFFSET(ft_return))
		return undo_return(regs, current, at);
	if (at >= OFFSET(ft_beyond))
		return undo_capture(regs, area, current, at);
	if (at >= OFFSET(ft_end_of_block))
		return FT_CLOSED;
	return at >= OFFSET(ft_passed) && at < OFFSET(ft_to_mask) ? FT_PASSED : FT_NOT_BEGUN;
}
#endif
