/* From what an engine saw to events, which emit.h takes, and to rows of the process table. */
#ifndef FT_RECORD_H
#define FT_RECORD_H

#include "session/session.h"

/* What the session wants of this call: enum ft_policy. */
uint16_t ft_record_policy(const struct ft_session *s, enum ft_abi abi, uint64_t nr);
bool ft_record_wants(const struct ft_session *s, enum ft_abi abi, uint64_t nr);
/* A call begins; memory: the task whose memory its arguments point to. */
void ft_record_entry(struct ft_session *s, struct ft_task *t, pid_t memory, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6], uint64_t now);
/* It ends. */
void ft_record_return(
	struct ft_session *s, struct ft_task *t, int64_t ret, bool is_error, uint64_t now);
/* It will not end while we look on: death, detach, or results that nobody wants. */
void ft_record_cut(struct ft_session *s, struct ft_task *t);

/* Whether of most calls nothing is wanted but a row of the tally, as ft_emit_counted() has it. */
bool ft_record_only_counts(const struct ft_session *s);
/* Flags that follow from ret. */
void ft_record_set_result(struct ft_event *call);
/* A call that was seen to begin. payload: its items; NULL: they are the task's already. */
void ft_record_begun(struct ft_session *s, struct ft_task *t, struct ft_event call,
	const void *payload, size_t payload_len);
/* A call that the engine had the task make. */
void ft_record_engine_call(struct ft_session *s, const struct ft_task *t, uint32_t nr);
/* Which engine traces the task's process from now on, and why not a faster one. */
void ft_record_engine(struct ft_session *s, const struct ft_task *t, enum ft_engine_id engine,
	enum ft_fallback why);
/* Its process has a CPython whose lines cannot be read: see struct ft_process. */
void ft_record_unread(struct ft_session *s, const struct ft_task *t, uint32_t python);

void ft_record_signal(struct ft_session *s, struct ft_task *t, const siginfo_t *info, uint64_t now);
void ft_record_stop(struct ft_session *s, struct ft_task *t, int sig, uint64_t now);
/* pid, tid: the parent's. */
void ft_record_birth(
	struct ft_session *s, struct ft_task *child, pid_t pid, pid_t tid, int how, uint64_t now);
void ft_record_exec(struct ft_session *s, struct ft_task *t, pid_t former_tid, uint64_t now);
/* first: of its process. */
void ft_record_attach(struct ft_session *s, struct ft_task *t, bool first, uint64_t now);
void ft_record_exit(struct ft_session *s, struct ft_task *t, int status, uint64_t now);

#endif
