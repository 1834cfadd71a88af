/* From what an engine saw to events: tally, process table and ring are fed here and nowhere else.
 */
#ifndef FT_RECORD_H
#define FT_RECORD_H

#include "session.h"

/* Whether the session wants this call. */
uint8_t ft_record_policy(const struct ft_session *s, enum ft_abi abi, uint64_t nr);
/* A call begins; memory: the task whose memory the strings that the policy names are in. */
void ft_record_entry(struct ft_session *s, struct ft_task *t, pid_t memory, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6], uint64_t now);
/* It ends. */
void ft_record_return(
	struct ft_session *s, struct ft_task *t, int64_t ret, bool is_error, uint64_t now);
/* It will not end while we look on: death, detach, or results that nobody wants. */
void ft_record_cut(struct ft_session *s, struct ft_task *t);

void ft_record_signal(struct ft_session *s, struct ft_task *t, const siginfo_t *info, uint64_t now);
/* pid, tid: the parent's. */
void ft_record_birth(
	struct ft_session *s, struct ft_task *child, pid_t pid, pid_t tid, int how, uint64_t now);
void ft_record_exec(struct ft_session *s, struct ft_task *t, pid_t former_tid, uint64_t now);
/* first: of its process. */
void ft_record_attach(struct ft_session *s, struct ft_task *t, bool first, uint64_t now);
void ft_record_exit(struct ft_session *s, struct ft_task *t, int status, uint64_t now);

#endif
