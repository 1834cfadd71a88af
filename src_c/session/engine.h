/* An engine turns the stops of tasks into records. All engines give the same events for the same
 * program. */
#ifndef FT_ENGINE_H
#define FT_ENGINE_H

#include "session/session.h"

struct ft_engine {
	const char *name;
	/* With ft_open() and ft_close(). */
	int (*open)(struct ft_session *s);
	void (*close)(struct ft_session *s);
	/* No task is left. */
	void (*ended)(struct ft_session *s);
	/* Options for PTRACE_SEIZE beyond those that following the tree needs. */
	long (*seize_options)(const struct ft_session *s);
	/* A stop of kind SYSCALL or SECCOMP. Returns 1 if the task waits for ft_engine.resume, 0 if
	 * it has gone. */
	int (*call_stop)(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
	/* Lets the task run on, with a signal or 0. */
	void (*resume)(struct ft_session *s, struct ft_task *t, int sig);

	/* The rest may be NULL. */
	/* Registers of a task at a call's stop, or asked for, as the program would have them without
	 * the engine; and, perhaps changed, back. */
	/* NULL, or whether those can be had at this stop by our interrupt; else at a later one. */
	bool (*is_shown)(struct ft_session *s, struct ft_task *t);
	void (*show_registers)(struct ft_session *s, struct ft_task *t, struct ft_registers *r);
	void (*hide_registers)(struct ft_session *s, struct ft_task *t, struct ft_registers *r);
	/* A stop by a signal: whether the engine itself had caused it; the task runs again then. */
	bool (*signal)(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
	/* A signal that is the program's own: whether it is not to come, for the engine knows that it is ignored. */
	bool (*ignored)(const struct ft_task *t, const siginfo_t *info);
	/* What the task shares with others whose memory is the same; NULL: nothing that the engine has to do with. */
	const void *(*memory_of)(const struct ft_task *t);
	/* A task with ft_task.abandoned stops at last: it is where it was before. Whether it stopped for nothing else. */
	bool (*take_back)(struct ft_task *t, const struct ft_stop *stop);
	/* The task's state may be seen from outside now. sig: what it is about to get, or 0. */
	void (*shown)(struct ft_session *s, struct ft_task *t, int sig);
	/* What the task has recorded is to be told before what happens next. */
	void (*drain)(struct ft_session *s, struct ft_task *t);
	/* A task nobody knows has stopped first: itself, where no maker's stop will tell of it; it is told of then. */
	struct ft_task *(*untold)(struct ft_session *s, const struct ft_stop *stop);
	/* Whether the process of the task may have threads on their way of which nobody has told. */
	bool (*awaits)(struct ft_session *s, struct ft_task *t);
	/* The same, else: whether to wait until its parent tells of it. */
	bool (*defer)(struct ft_session *s, const struct ft_stop *stop);
	/* Such a stop, of this task or (-1) of one whose parent will not tell any more. */
	bool (*early)(struct ft_session *s, pid_t tid, struct ft_stop *out);
	/* The parent is at its birth event; the child may not have stopped yet. */
	void (*birth)(struct ft_session *s, struct ft_task *parent, struct ft_task *child);
	/* A new task's first stop. */
	void (*born)(struct ft_session *s, struct ft_task *t);
	/* The first stop of one that was attached to. False: it comes to another one before it can be made to run anything. */
	bool (*attached)(struct ft_session *s, struct ft_task *t);
	/* Its program is a new one: before and after the EXEC event is written. */
	void (*execing)(struct ft_session *s, struct ft_task *t);
	void (*execed)(struct ft_session *s, struct ft_task *t);
	void (*exiting)(struct ft_session *s, struct ft_task *t);
	/* A task runs on that will be a while in coming back: for what can wait. */
	void (*idle)(struct ft_session *s);
	/* It has ended. */
	void (*gone)(struct ft_session *s, struct ft_task *t);
	/* It is about to be detached from, with *sig or 0, which may be replaced. False: not at this stop; the task runs
	 * again then. */
	bool (*let_go)(struct ft_session *s, struct ft_task *t, int *sig);
	/* From any thread: what tracees have recorded so far becomes events. */
	void (*flush)(struct ft_session *s);
};

extern const struct ft_engine ft_engine_ptrace, ft_engine_inline;

#endif
