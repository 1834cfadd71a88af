/* The tasks that a session traces. */
#ifndef FT_TASK_H
#define FT_TASK_H

#include <signal.h>
#include <stdbool.h>

#include "fasttrace.h"
#include "kernel/image.h"

enum ft_call_state {
	FT_CALL_NONE,
	FT_CALL_RECORDED, /* `call` holds the entry */
	FT_CALL_SKIPPED,  /* inside a call that the policy leaves out */
};

/* The kernel's struct sigaction, x86-64. */
struct ft_action {
	uint64_t handler, flags, restorer, mask;
};
#define FT_ACTIONS 2

struct ft_abandoned;
struct ft_snippet;
struct ft_rule;
struct ft_kept;
struct ft_python;
struct ft_python_thread;
struct ft_seccomp;

/* What is done to the call under way: see alter.h. */
struct ft_alteration {
	const struct ft_rule *rule; /* that hits it; NULL: none */
	uint64_t args[6];
	int64_t ret; /* its result, if replied */
	int32_t nr;
	uint8_t abi;
	bool on; /* it may be altered; all else is 0 if not */
	bool other; /* it is not the call that the program wanted to make */
	bool hands_exit; /* its end is handed over */
	bool replied;
	bool marked; /* something is changed */
	int signal; /* to be sent at the stop where it is */
	int exit_signal; /* and when it ends */
};

struct ft_task {
	pid_t tid, tgid;
	int threads; /* of a process's leader: its other tasks that are known, or more */
	int32_t serial; /* its process: see struct ft_process */
	struct ft_task *next;
	enum ft_call_state in_call;
	struct ft_event call;
	uint8_t *payload; /* items of `call`; kept for reuse */
	size_t payload_len;
	_Atomic uint64_t ended_ns; /* the last call that the drainer has recorded; 0: none */
	struct ft_inline_task *in; /* NULL: the ptrace engine's */
	bool foreign; /* paths of ours may lead it elsewhere: another user, root or namespace */
	uint8_t stay; /* enum ft_fallback: why it and its children cannot leave the ptrace engine */
	struct ft_seccomp *filters; /* seccomp's, installed while we looked on; NULL: none */
	/* For SIGSYS and SIGTRAP, while it records itself: what the kernel has, and what is ignored instead, or 0. */
	struct ft_action actions[FT_ACTIONS], ignored[FT_ACTIONS];
	pid_t actions_of; /* of the process whose signal actions it shares; 0: its own */
	bool ignores_traps; /* perhaps, to the kernel: signals that the engine uses */
	uint32_t execs; /* of a process, with its leader: with FT_OPT_UNTIL_EXEC */
	bool leaves; /* it is to be let go of */
	bool at_exec; /* its EXEC stop is being dealt with */
	uint64_t stack; /* and there its stack pointer is this; 0: not asked yet */
	struct ft_image image; /* of its program */
	bool born; /* its first stop has been */
	bool attached; /* it ran before we looked on */
	bool complete; /* where processes are attached to: it has all options of ptrace(2) that the engine needs */
	siginfo_t held_info;
	int held_signal; /* came while the engine used the task for its own ends */
	pid_t parent; /* whose child it is, for the FORK event */
	bool announced; /* its FORK or ATTACH event is written */
	bool let_go; /* in the call that ends it, by the engine, with end_status: nothing more of it will come */
	bool knows_end; /* at its exit event: end_status tells how, as wait4() does; and it may be let go there */
	int end_status;
	bool unreadable; /* what it or its maker pointed to could not be read in time: no more of it is */
	bool every_call; /* stop at every call in spite of the filter */
	bool paused; /* it stops at no call; `call` is the one that asked for that */
	bool interrupting; /* our PTRACE_INTERRUPT is under way */
	bool suspended; /* `call` has ended for that alone, with call.ret, and is made again */
	bool remakes; /* the call that it makes next it makes again, seen by us before or not */
	uint64_t remade; /* the number that it had at first, plus one; 0: not known */
	bool stopped; /* in a group-stop, which is told of */
	bool asked; /* somebody wants its registers: see registers.h */
	struct ft_alteration alteration;
	struct ft_kept *kept; /* what is decided of a call that is still to come */
	uint64_t sent; /* bit n - 1: signal n, by a rule or a handler; it has not come yet */
	uint32_t *counts; /* of its calls, by rule; NULL: none yet */
	struct ft_abandoned *abandoned; /* it has not come back from code of the engine's; NULL */
	struct ft_snippet *unread; /* what the engine had it run when it was killed; NULL */
	uint64_t place; /* behind the instruction of the call under way; 0: not known */
	struct ft_python *python; /* the interpreter in its memory; NULL: not looked for yet */
	struct ft_python_thread *python_thread; /* its thread there; NULL: as above */
	uint64_t sleeps_until; /* CLOCK_MONOTONIC; it stays at its stop; 0: it does not */
};

#define FT_TASK_BUCKETS 1024

struct ft_tasks {
	struct ft_task *bucket[FT_TASK_BUCKETS];
	_Atomic int count; /* the one part that other threads may read */
	int threads; /* that are no leaders */
};

struct ft_task *ft_task_find(const struct ft_tasks *ts, pid_t tid);
struct ft_task *ft_task_new(struct ft_tasks *ts, pid_t tid, pid_t tgid);
void ft_task_rename(struct ft_tasks *ts, struct ft_task *t, pid_t tid);
void ft_task_free(struct ft_tasks *ts, struct ft_task *t);
/* Walks all tasks: `after` is the next of the last one, NULL at the start; *bucket starts at 0. */
struct ft_task *ft_task_next(const struct ft_tasks *ts, struct ft_task *after, int *bucket);

/*
 * Whether another thread of its process has taken the task's tid over by an exec: it may do so at any
 * moment, and what is done to the tid then is done to that one, at its EXEC stop.
 */
bool ft_task_replaced(const struct ft_task *t);

#endif
