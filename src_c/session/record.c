#define _GNU_SOURCE
#include "session/record.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "kernel/image.h"
#include "kernel/pidns.h"
#include "kernel/reader.h"
#include "kernel/proc.h"
#include "session/capture.h"
#include "session/emit.h"
#include "session/links.h"

#define ITEM_MAX    FT_PAYLOAD_SIZE(FT_STRING_MAX)
#define NUMBERS_MAX FT_PAYLOAD_SIZE(FT_PIDNS_MAX * sizeof(struct ft_payload_number))

/*
 * A call that a signal interrupts is over for us when it is looked at in the stop for that signal, a moment after
 * the stop came: nothing happens before what happened.
 */
static struct ft_event event_of(const struct ft_task *t, enum ft_kind kind, uint64_t now)
{
	uint64_t ended = t->ended_ns;

	return (struct ft_event){
		.time_ns = now < ended ? ended : now,
		.pid = t->tgid,
		.tid = t->tid,
		.abi = ft_arch_native_abi,
		.kind = kind,
	};
}

uint16_t ft_record_policy(const struct ft_session *s, enum ft_abi abi, uint64_t nr)
{
	if (!s->policy)
		return FT_POLICY_RECORD;
	if (abi >= FT_ABI_COUNT)
		return FT_POLICY_RECORD;
	return s->policy[abi * FT_NR_MAX + (nr < FT_NR_MAX ? nr : FT_NR_MAX - 1)];
}

bool ft_record_wants(const struct ft_session *s, enum ft_abi abi, uint64_t nr)
{
	return ft_record_policy(s, abi, nr) & FT_POLICY_RECORD;
}

void ft_record_entry(struct ft_session *s, struct ft_task *t, pid_t memory, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6], uint64_t now)
{
	ft_record_cut(s, t);
	if (!ft_record_wants(s, abi, nr)) {
		t->in_call = FT_CALL_SKIPPED;
		return;
	}
	t->in_call = FT_CALL_RECORDED;
	t->call = event_of(t, FT_KIND_SYSCALL, now);
	t->call.abi = abi;
	t->call.nr = (int32_t)nr;
	memcpy(t->call.args, args, sizeof(t->call.args));
	ft_capture_entry(s, t, memory, abi, nr, args);
}

void ft_record_begun(struct ft_session *s, struct ft_task *t, struct ft_event call,
	const void *payload, size_t payload_len)
{
	ft_record_cut(s, t);
	t->in_call = FT_CALL_SKIPPED;
	if (!ft_record_wants(s, call.abi, (uint32_t)call.nr))
		return;
	call.ret = 0;
	call.duration_ns = 0;
	call.flags = 0;
	t->in_call = FT_CALL_RECORDED;
	t->call = call;
	if (payload)
		ft_capture_set(t, payload, payload_len);
}

void ft_record_set_result(struct ft_event *ev)
{
	/* rt_sigreturn, which gives back another call's, does not come by here. */
	if (ev->ret < -FT_ERRNO_MAX || ev->ret >= 0)
		return;
	ev->flags |= FT_FLAG_ERROR;
	if (-ev->ret >= FT_ERESTARTSYS && -ev->ret <= FT_ERESTART_RESTARTBLOCK)
		ev->flags |= FT_FLAG_INTERRUPTED;
}

void ft_record_engine(struct ft_session *s, const struct ft_task *t, enum ft_engine_id engine,
	enum ft_fallback why)
{
	struct ft_process *p;

	pthread_mutex_lock(&s->lock);
	p = ft_process_at(&s->processes, t->serial);
	p->engine = (uint8_t)engine;
	if ((why || engine == FT_ENGINE_INLINE) && p->why != FT_FALLBACK_STUCK)
		p->why = (uint8_t)why;
	pthread_mutex_unlock(&s->lock);
}

void ft_record_unread(struct ft_session *s, const struct ft_task *t, uint32_t python)
{
	pthread_mutex_lock(&s->lock);
	ft_process_at(&s->processes, t->serial)->python = python;
	pthread_mutex_unlock(&s->lock);
}

void ft_record_engine_call(struct ft_session *s, const struct ft_task *t, uint32_t nr)
{
	const struct ft_event ev = {
		.kind = FT_KIND_SYSCALL, .nr = (int32_t)nr, .flags = FT_FLAG_UNFINISHED
	};
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = ft_tally_add(s->engine_calls, s->options & FT_OPT_BY_PROCESS ? t->tid : 0, 0, &ev);
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		ft_session_fail(s, rc);
}

bool ft_record_only_counts(const struct ft_session *s)
{
	return !(s->options &
		       (FT_OPT_EVENTS | FT_OPT_PAYLOAD | FT_OPT_ENTRY_ONLY | FT_OPT_PLACES)) &&
	       !s->plan;
}

void ft_record_return(
	struct ft_session *s, struct ft_task *t, int64_t ret, bool is_error, uint64_t now)
{
	struct ft_event *ev = &t->call;
	enum ft_call_state was = t->in_call;

	t->in_call = FT_CALL_NONE;
	if (was != FT_CALL_RECORDED)
		return; /* left out, or begun before we looked on */
	ev->ret = ret;
	ev->duration_ns = now - ev->time_ns;
	if (is_error)
		ev->flags |= FT_FLAG_ERROR;
	if (is_error && -ret >= FT_ERESTARTSYS && -ret <= FT_ERESTART_RESTARTBLOCK)
		ev->flags |= FT_FLAG_INTERRUPTED;
	ft_capture_exit(s, t, ev);
	ft_emit(s, t, ev, t->payload, t->payload_len);
}

void ft_record_cut(struct ft_session *s, struct ft_task *t)
{
	enum ft_call_state was = t->in_call;

	t->in_call = FT_CALL_NONE;
	if (was != FT_CALL_RECORDED)
		return;
	t->call.flags |= FT_FLAG_UNFINISHED;
	ft_emit(s, t, &t->call, t->payload, t->payload_len);
}

/* Whether si_addr is set and not si_pid and si_uid: by the processor, not by kill(2) and the like.
 */
static bool by_fault(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		return info->si_code > 0;
	default:
		return false;
	}
}

void ft_record_signal(struct ft_session *s, struct ft_task *t, const siginfo_t *info, uint64_t now)
{
	struct ft_event ev = event_of(t, FT_KIND_SIGNAL, now);
	struct {
		struct ft_payload head;
		uint8_t info[FT_SIGINFO_SIZE];
		uint8_t place[FT_PLACE_SIZE];
	} item = {
		.head = { .length = FT_SIGINFO_SIZE, .arg = FT_NO_ARG, .type = FT_PAYLOAD_SIGINFO }
	};

	const bool asks = s->options & FT_OPT_PLACES;
	uint64_t place;
	size_t size = FT_PAYLOAD_SIZE(FT_SIGINFO_SIZE);

	static_assert(sizeof(item) == FT_PAYLOAD_SIZE(FT_SIGINFO_SIZE) + FT_PLACE_SIZE,
		"nothing is between");
	ev.nr = info->si_signo;
	ev.args[0] = (uint64_t)(int64_t)info->si_code;
	if (by_fault(info)) {
		ev.args[3] = (uint64_t)(uintptr_t)info->si_addr;
	} else {
		ev.args[1] = (uint64_t)info->si_pid;
		ev.args[2] = info->si_uid;
	}
	memcpy(&item.info, info, sizeof(item.info));
	if (asks && !ft_arch_instruction(t->tid, &place))
		size += ft_payload_place(s, place, item.place);
	ft_payload_chain((uint8_t *)&item, size);
	ft_emit(s, t, &ev, &item, s->options & FT_OPT_PAYLOAD ? size : 0);
}

void ft_record_stop(struct ft_session *s, struct ft_task *t, int sig, uint64_t now)
{
	struct ft_event ev = event_of(t, FT_KIND_STOP, now);

	ev.nr = sig;
	ft_emit(s, t, &ev, NULL, 0);
}

/* Returns what it takes: nothing, of a task in our own pid namespace. */
static size_t put_numbers(const struct ft_session *s, pid_t tid, uint8_t *to)
{
	struct ft_payload head = { .arg = FT_NO_ARG, .type = FT_PAYLOAD_NUMBERS };
	struct ft_payload_number numbers[FT_PIDNS_MAX];
	int n = s->ring ? ft_pidns_numbers(tid, numbers) : 0;

	if (!n)
		return 0;
	head.length = (uint32_t)n * (uint32_t)sizeof(numbers[0]);
	memcpy(to + sizeof(head), numbers, head.length);
	return ft_payload_put(to, &head);
}

void ft_record_birth(
	struct ft_session *s, struct ft_task *child, pid_t pid, pid_t tid, int how, uint64_t now)
{
	struct ft_event ev = event_of(child, FT_KIND_FORK, now);
	alignas(struct ft_payload) uint8_t payload[NUMBERS_MAX];

	if (child->announced)
		return;
	child->announced = true;
	ev.pid = pid;
	ev.tid = tid;
	ev.nr = how;
	ev.ret = child->tid;
	ev.args[0] = (uint64_t)child->tgid;
	if (s->options & FT_OPT_DESCRIPTORS)
		ev.args[1] = ft_links_shared(tid, child->tid);
	if (child->tid != child->tgid)
		ev.flags |= FT_FLAG_THREAD;
	ft_emit(s, child, &ev, payload, put_numbers(s, child->tid, payload));
}

/* Asked of /proc. Returns the argument list's length. */
static ssize_t ask_image(struct ft_session *s, const struct ft_task *t, bool is_new,
	char name[FT_COMM_MAX + 1], char *argv)
{
	memset(name, 0, FT_COMM_MAX + 1);
	ft_proc_comm(t->tgid, name, FT_COMM_MAX + 1);
	/* A dead leader has none. It lies in memory of the program's own, which may be anything by now. */
	return is_new ? ft_proc_read(t->tid, "cmdline", argv, FT_STRING_MAX)
		      : ft_reader_proc(s->reader, t->tid, "cmdline", argv, FT_STRING_MAX);
}

/* With what its descriptors are, too; the execve of a program that we see has that itself. */
static void emit_with_links(struct ft_session *s, struct ft_task *t, struct ft_event *ev,
	const uint8_t *image, size_t size)
{
	uint8_t *payload = malloc(FT_CAPTURE_ROOM);

	if (!payload) {
		ft_emit(s, t, ev, image, size);
		return;
	}
	memcpy(payload, image, size);
	size += ft_links_of_task(s, t, payload + size, FT_CAPTURE_ROOM - size);
	ft_payload_chain(payload, size);
	ft_emit(s, t, ev, payload, size);
	free(payload);
}

/* An event with the name and the argument list of the task's process, which the process table gets
 * too. */
static void emit_image(struct ft_session *s, struct ft_task *t, struct ft_event *ev)
{
	bool is_new = ev->kind == FT_KIND_EXEC;
	struct ft_payload comm = {
		.arg = FT_NO_ARG, .type = FT_PAYLOAD_COMM, .flags = FT_PAYLOAD_MORE
	};
	struct ft_payload argv = { .arg = FT_NO_ARG, .type = FT_PAYLOAD_ARGV };
	alignas(struct ft_payload) uint8_t payload[2 * ITEM_MAX + NUMBERS_MAX];
	char name[FT_COMM_MAX + 1], text[FT_STRING_MAX];
	ssize_t n = -ENOENT;
	uint64_t stack = is_new ? t->stack : 0;
	size_t pos;
	int rc;

	if (is_new)
		t->image = (struct ft_image){ 0 };
	if (is_new && (stack || !ft_arch_stack(t->tid, &stack)))
		n = ft_image_read(t->tid, stack, name, text, sizeof(text), &t->image);
	if (n < 0)
		n = ask_image(s, t, is_new, name, text);
	comm.length = (uint32_t)strlen(name);
	memcpy(payload + sizeof(comm), name, comm.length);
	pos = ft_payload_put(payload, &comm);
	argv.length = n > 0 ? (uint32_t)n : 0;
	argv.flags = argv.length == FT_STRING_MAX ? FT_PAYLOAD_TRUNCATED : 0;
	memcpy(payload + pos + sizeof(argv), text, argv.length);
	pthread_mutex_lock(&s->lock);
	rc = ft_process_set(&s->processes, t->serial, name, text, argv.length);
	ev->args[0] = (uint64_t)ft_process_at(&s->processes, t->serial)->ppid;
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		ft_session_fail(s, rc);
	pos += ft_payload_put(payload + pos, &argv);
	if (!is_new) {
		pos += put_numbers(s, t->tid, payload + pos);
		ft_payload_chain(payload, pos);
	}
	if (!is_new && s->options & FT_OPT_DESCRIPTORS)
		emit_with_links(s, t, ev, payload, pos);
	else
		ft_emit(s, t, ev, payload, pos);
}

/* An event with the name of the task itself. */
static void emit_name(struct ft_session *s, struct ft_task *t, struct ft_event *ev)
{
	alignas(struct ft_payload) uint8_t payload[FT_PAYLOAD_SIZE(FT_COMM_MAX + 1) + NUMBERS_MAX];
	struct ft_payload comm = { .arg = FT_NO_ARG, .type = FT_PAYLOAD_COMM };
	size_t size;

	comm.length = (uint32_t)ft_proc_comm(
		t->tid, (char *)payload + sizeof(comm), sizeof(payload) - sizeof(comm));
	size = comm.length ? ft_payload_put(payload, &comm) : 0;
	size += put_numbers(s, t->tid, payload + size);
	ft_payload_chain(payload, size);
	ft_emit(s, t, ev, payload, size);
}

void ft_record_exec(struct ft_session *s, struct ft_task *t, pid_t former_tid, uint64_t now)
{
	struct ft_event ev = event_of(t, FT_KIND_EXEC, now);

	ev.ret = former_tid;
	emit_image(s, t, &ev);
}

void ft_record_attach(struct ft_session *s, struct ft_task *t, bool first, uint64_t now)
{
	struct ft_event ev = event_of(t, FT_KIND_ATTACH, now);

	if (first) {
		emit_image(s, t, &ev);
	} else {
		ev.flags |= FT_FLAG_THREAD;
		emit_name(s, t, &ev);
	}
}

void ft_record_exit(struct ft_session *s, struct ft_task *t, int status, uint64_t now)
{
	struct ft_event ev = event_of(t, FT_KIND_EXIT, now);

	ev.ret = status;
	if (t->tid != t->tgid) {
		ev.flags |= FT_FLAG_THREAD;
	} else {
		struct ft_process *p;

		pthread_mutex_lock(&s->lock);
		p = ft_process_at(&s->processes, t->serial);
		p->status = status;
		p->end_ns = now;
		pthread_mutex_unlock(&s->lock);
	}
	ft_emit(s, t, &ev, NULL, 0);
}
