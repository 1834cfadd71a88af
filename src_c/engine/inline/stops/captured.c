#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/captured.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/inline/drain/drain.h"
#include "engine/inline/programs.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/verdict.h"
#include "session/python.h"
#include "session/record.h"

/* The recorder does not read what it might not be allowed to where one of these is blocked. */
#define FAULTS (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1))

void ft_captured_allow(struct ft_inline_task *it)
{
	uint32_t unknown = it->noted ? 0 : FT_HANDLER_UNKNOWN;

	ft_area_limit_strings(it, it->space->ignores_faults);
	ft_area_set_handler(it, it->signals ? FT_HANDLER_BEGUN | unknown : 0);
}

void ft_captured_settle(struct ft_inline_task *it, uint64_t ip)
{
	if (ft_recorder_sets_mask(ip))
		ft_captured_allow(it); /* it may have said so too early */
	else if (it->signals && !ft_area_handler(it))
		it->signals = 0;
}

/* The task's payload is that of the call at `cur`. */
static void belongs_to(
	struct ft_inline_task *it, uint64_t cur, uint32_t nr, const uint64_t args[6], bool more)
{
	it->strings_at = cur;
	it->strings_more = more;
	it->strings_nr = nr;
	memcpy(it->strings_args, args, sizeof(it->strings_args));
}

/* As the recorder's own look at the mask and the limit will find it. */
static bool recorder_copies(
	const struct ft_session *s, const struct ft_inline_task *it, uint32_t nr)
{
	return ft_programs_copied(s->in, nr) && !ft_verdict_is_slow(s->in, nr) &&
	       !(ft_area_get(&it->area->mask) & FAULTS) &&
	       !(ft_area_handler(it) & FT_HANDLER_UNKNOWN) && ft_area_get(&it->area->strings_limit);
}

/* Whether the tracer has something to read before the call. */
static bool is_wanted(const struct ft_session *s, const struct ft_inline_task *it, uint32_t nr,
	const uint64_t args[6])
{
	if (it->space->stops || s->options & FT_OPT_PLACES)
		return ft_record_wants(s, FT_ABI_X86_64, nr);
	if (recorder_copies(s, it, nr) && ft_programs_asks_before(s, nr, args))
		return true;
	return !recorder_copies(s, it, nr) &&
	       (ft_programs_at_entry(s, nr) || ft_programs_at_exit(s, nr));
}

/* What the recorder does not copy before the call the tracer does, unless it has. */
static void copy_before(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	const uint64_t args[6] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	struct ft_inline_task *it = t->in;
	uint32_t nr = (uint32_t)regs->rax;

	if (it->strings_at || !is_wanted(s, it, nr, args))
		return;
	ft_capture_entry(s, t, t->tid, FT_ABI_X86_64, nr, args);
	belongs_to(it, ft_area_get(&it->area->cur), nr, args,
		ft_programs_at_exit(s, nr) && ft_programs_exit_ops(s->in, nr));
}

void ft_captured_before(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	struct ft_inline_task *it = t->in;

	uint64_t mask;

	ft_area_reset_strings(it);
	if (it->signals && (uint32_t)regs->rax != SYS_rt_sigreturn && !ft_prepare_in_handler(t))
		it->signals = 0;
	/* A handler changes its mask by calls alone, which the recorder notes. */
	if (it->signals && !it->noted)
		it->noted = ft_area_note_mask(t, &mask);
	ft_captured_allow(it);
	it->strings_at = 0;
	if (s->python_frames && !it->space->stops && ft_python_is_there(s, t))
		ft_code_stop_calls(s, it->space);
	copy_before(s, t, regs);
}

uint64_t ft_captured_way(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	uint32_t nr = (uint32_t)regs->rax;
	uint64_t traced;

	pthread_mutex_lock(&s->in->lock);
	copy_before(s, t, regs); /* the call itself may forbid it to the recorder */
	traced = t->in->strings_at;
	pthread_mutex_unlock(&s->in->lock);
	if (traced && !ft_programs_at_exit(s, nr))
		return ft_recorder_record(regs->rax);
	if (traced) {
		ft_area_set(&t->in->area->exit_ops, ft_programs_exit_ops(s->in, nr));
		return ft_recorder_traced();
	}
	return ft_programs_copied(s->in, nr) ? ft_recorder_capture()
					     : ft_recorder_record(regs->rax);
}

void ft_captured_after(
	struct ft_session *s, struct ft_task *t, const struct ft_area_seen *seen, int64_t ret)
{
	struct ft_inline_task *it = t->in;
	struct ft_event call = {
		.abi = FT_ABI_X86_64,
		.nr = (int32_t)seen->raw.nr,
		.ret = ret,
	};

	if (!seen->at || !ft_programs_at_exit(s, (uint32_t)seen->raw.nr))
		return;
	ft_drain(s, it); /* an earlier call may have the task's payload */
	if (it->strings_at != seen->head.cur) {
		size_t len = ft_programs_items(s, it, &seen->raw, false, s->in->payload);

		ft_capture_set(t, s->in->payload, len);
	}
	belongs_to(it, seen->head.cur, (uint32_t)seen->raw.nr, seen->raw.args, false);
	memcpy(call.args, seen->raw.args, sizeof(call.args));
	ft_record_set_result(&call);
	ft_capture_exit(s, t, &call);
}
#endif
