#define _GNU_SOURCE
#include "alter/alter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch/arch.h"
#include "kernel/clock.h"
#include "alter/delay.h"
#include "session/engine.h"
#include "alter/plan.h"
#include "session/record.h"

static uint16_t flags_of(const struct ft_rule *rule)
{
	uint16_t flags = 0;

	if (!rule)
		return 0;
	if (rule->how.what & (FT_INJECT_DELAY_ENTER | FT_INJECT_DELAY_EXIT))
		flags |= FT_FLAG_DELAYED;
	if (rule->how.poke_count)
		flags |= FT_FLAG_POKED;
	if (!(rule->how.what & (FT_INJECT_RETURN | FT_INJECT_NUMBER)))
		flags |= FT_FLAG_OWN_RESULT;
	return flags;
}

/* flags: what a rule does; 0: it is a handler. */
static void mark(struct ft_session *s, struct ft_task *t, uint16_t flags)
{
	if (t->in_call == FT_CALL_RECORDED) {
		t->call.flags &= (uint16_t)~FT_FLAG_OWN_RESULT;
		t->call.flags |= FT_FLAG_ALTERED | flags;
	}
	if (t->alteration.marked)
		return;
	t->alteration.marked = true;
	pthread_mutex_lock(&s->lock);
	s->calls_altered++;
	pthread_mutex_unlock(&s->lock);
}

/* The call is not made. */
static void skip(struct ft_task *t, int64_t ret)
{
	t->alteration.replied = true;
	t->alteration.ret = ret;
	ft_arch_set_number(t->tid, FT_NO_CALL);
}

/* As a debugger does, and strace: also where the program itself may only read. */
static void write_bytes(pid_t tid, uint64_t addr, const void *bytes, size_t len)
{
	struct iovec local = { (void *)bytes, len };
	struct iovec remote = { (void *)(uintptr_t)addr, len };
	char path[32];
	int fd;

	if (process_vm_writev(tid, &local, 1, &remote, 1, 0) == (ssize_t)len)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* killed meanwhile */
	/* It fails where nothing is mapped: there is nothing to poke. */
	while (pwrite(fd, bytes, len, (off_t)addr) < 0 && errno == EINTR)
		continue;
	close(fd);
}

static void poke(const struct ft_task *t, const struct ft_rule *rule, bool at_exit)
{
	for (size_t i = 0; i < rule->how.poke_count; i++) {
		const struct ft_poke *p = &rule->pokes[i];

		if (p->at_exit == at_exit)
			write_bytes(t->tid, t->alteration.args[p->arg], p->bytes, p->len);
	}
}

static void begin(struct ft_session *s, struct ft_task *t, const struct ft_rule *rule)
{
	const struct ft_injection *how = &rule->how;

	mark(s, t, flags_of(rule));
	t->alteration.rule = rule;
	poke(t, rule, false);
	if (how->what & FT_INJECT_SIGNAL)
		t->alteration.signal = how->signal;
	if (how->what & FT_INJECT_RETURN)
		skip(t, how->ret);
	if (how->what & FT_INJECT_NUMBER) {
		t->alteration.other = true;
		ft_arch_set_number(t->tid, how->number);
	}
	if (how->what & FT_INJECT_DELAY_ENTER)
		ft_delay(t, how->delay_enter_ns);
}

/* Registers as the program would have them had it made the call itself. */
static int show(struct ft_session *s, struct ft_task *t, struct ft_registers *out)
{
	int rc = ft_arch_get_registers(t->tid, out);

	if (!rc && s->engine->show_registers)
		s->engine->show_registers(s, t, out);
	return rc;
}

static bool hand(struct ft_session *s, struct ft_task *t, bool at_exit, int64_t ret,
	struct ft_handed *call, struct ft_answer *answer)
{
	const struct ft_alteration *tm = &t->alteration;

	*call = (struct ft_handed){ .tid = t->tid,
		.pid = t->tgid,
		.nr = tm->nr,
		.abi = tm->abi,
		.at_exit = at_exit,
		.time_ns = ft_now(),
		.ret = ret };
	memcpy(call->args, tm->args, sizeof(call->args));
	if (show(s, t, &call->registers) < 0 || !ft_hand_over(s, call, answer))
		return false;
	/* It may be another's tid by now. */
	return !ft_task_replaced(t);
}

static void put_registers(struct ft_session *s, struct ft_task *t, struct ft_handed *call,
	const struct ft_answer *answer)
{
	for (int i = 0; i < ft_register_count; i++)
		if (answer->set & 1ull << i)
			call->registers.value[i] = answer->registers.value[i];
	if (s->engine->hide_registers)
		s->engine->hide_registers(s, t, &call->registers);
	ft_arch_set_registers(t->tid, &call->registers);
}

static void hand_entry(struct ft_session *s, struct ft_task *t)
{
	struct ft_handed call;
	struct ft_answer answer;

	if (!hand(s, t, false, 0, &call, &answer))
		return;
	t->alteration.exit_signal = answer.signal;
	if (answer.signal || answer.set ||
		answer.what & (FT_ANSWER_REPLY | FT_ANSWER_NUMBER | FT_ANSWER_ARGS))
		mark(s, t, 0);
	if (answer.set)
		put_registers(s, t, &call, &answer);
	if (answer.what & FT_ANSWER_ARGS)
		ft_arch_set_args(t->tid, t->alteration.abi, answer.args);
	if (answer.what & FT_ANSWER_NUMBER)
		ft_arch_set_number(t->tid, answer.nr);
	if (answer.what & FT_ANSWER_REPLY)
		skip(t, answer.reply);
	else
		t->alteration.other =
			answer.set || answer.what & (FT_ANSWER_ARGS | FT_ANSWER_NUMBER);
}

struct ft_kept {
	struct ft_alteration alteration;
	struct ft_registers place, changed;
};

void ft_alter_keep(
	struct ft_task *t, const struct ft_registers *place, const struct ft_registers *changed)
{
	struct ft_kept *kept = malloc(sizeof(*kept));

	if (!kept)
		return;
	*kept = (struct ft_kept){ t->alteration, *place, *changed };
	free(t->kept);
	t->kept = kept;
}

/* A signal handler may have come in between, with calls of its own. */
static bool take_kept(struct ft_session *s, struct ft_task *t)
{
	struct ft_kept *kept = t->kept;
	struct ft_registers now;

	if (!kept || kept->alteration.abi != t->alteration.abi ||
		kept->alteration.nr != t->alteration.nr ||
		ft_arch_get_registers(t->tid, &now) < 0 ||
		!ft_arch_is_same_place(&now, &kept->place))
		return false;
	t->alteration = kept->alteration;
	ft_arch_set_registers(t->tid, &kept->changed);
	if (t->alteration.marked)
		mark(s, t, flags_of(t->alteration.rule));
	t->kept = NULL;
	free(kept);
	return true;
}

void ft_alter_entry(struct ft_session *s, struct ft_task *t, enum ft_abi abi, uint64_t nr,
	const uint64_t args[6])
{
	const struct ft_rule *rule;

	t->alteration = (struct ft_alteration){ 0 };
	if (!ft_plan_has(s->plan, abi, nr))
		return;
	t->alteration.on = true;
	t->alteration.nr = (int32_t)nr;
	t->alteration.abi = (uint8_t)abi;
	memcpy(t->alteration.args, args, sizeof(t->alteration.args));
	if (take_kept(s, t))
		return;
	rule = ft_plan_next(s->plan, t, abi, nr);
	ft_plan_count(s->plan, t, abi, nr, 1);
	if (rule)
		begin(s, t, rule);
	t->alteration.hands_exit = ft_plan_handled(s->plan, abi, nr) & FT_HAND_EXIT;
	if (ft_plan_handled(s->plan, abi, nr) & FT_HAND_ENTRY && !t->alteration.replied)
		hand_entry(s, t);
}

enum ft_foresight ft_alter_foresee(struct ft_session *s, struct ft_task *t, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6], uint64_t now, int64_t *ret)
{
	const struct ft_rule *rule = ft_plan_next(s->plan, t, abi, nr);

	if (ft_plan_handled(s->plan, abi, nr) || (rule && rule->how.what != FT_INJECT_RETURN))
		return FT_FORESEE_NOTHING;
	ft_plan_count(s->plan, t, abi, nr, 1);
	if (!rule)
		return FT_FORESEE_UNTOUCHED;
	*ret = rule->how.ret;
	ft_record_entry(s, t, t->tid, abi, nr, args, now);
	t->alteration = (struct ft_alteration){ 0 };
	mark(s, t, 0);
	if (s->options & FT_OPT_ENTRY_ONLY)
		ft_record_cut(s, t);
	else
		ft_record_return(s, t, *ret, ft_alter_is_error(*ret), now);
	return FT_FORESEE_REPLY;
}

void ft_alter_unforesee(struct ft_session *s, struct ft_task *t, enum ft_abi abi, uint64_t nr)
{
	ft_plan_count(s->plan, t, abi, nr, -1);
}

bool ft_alter_needs_exit(const struct ft_task *t)
{
	const struct ft_alteration *tm = &t->alteration;

	return tm->on && (tm->replied || tm->hands_exit || tm->exit_signal ||
				 (tm->rule && (tm->rule->pokes_exit ||
						      tm->rule->how.what & FT_INJECT_DELAY_EXIT)));
}

/* Returns whether the handler has replaced the result. */
static bool hand_exit(struct ft_session *s, struct ft_task *t, int64_t *ret)
{
	struct ft_handed call;
	struct ft_answer answer;
	int64_t was = *ret;

	if (!hand(s, t, true, *ret, &call, &answer))
		return false;
	if (answer.signal)
		t->alteration.signal = answer.signal;
	if (answer.signal || answer.set || answer.what & FT_ANSWER_REPLY)
		mark(s, t, 0);
	if (answer.set)
		put_registers(s, t, &call, &answer);
	if (answer.what & FT_ANSWER_REPLY)
		*ret = answer.reply;
	else if (answer.set)
		*ret = ft_arch_result(&call.registers);
	return answer.what & FT_ANSWER_REPLY || *ret != was;
}

bool ft_alter_exit(struct ft_session *s, struct ft_task *t, int64_t *ret)
{
	struct ft_alteration *tm = &t->alteration;
	bool replaced = tm->replied;

	if (!ft_alter_needs_exit(t)) {
		tm->on = false;
		return false;
	}
	tm->on = false;
	tm->signal = tm->exit_signal;
	if (tm->replied) {
		*ret = tm->ret;
		ft_arch_set_result(t->tid, *ret); /* which the handler shall see */
	}
	if (tm->rule)
		poke(t, tm->rule, true);
	if (tm->hands_exit)
		replaced |= hand_exit(s, t, ret);
	if (replaced) {
		/* Nothing to restart, nor for us to mend. */
		ft_arch_set_number(t->tid, FT_NO_CALL);
		ft_arch_set_result(t->tid, *ret);
	}
	if (tm->rule && tm->rule->how.what & FT_INJECT_DELAY_EXIT)
		ft_delay(t, tm->rule->how.delay_exit_ns);
	return replaced;
}
