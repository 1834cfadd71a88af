/*
 * Arms and disarms Syscall User Dispatch for a stopped task: by ptrace, since Linux 6.4 (dispatch.h); before, by a
 * prctl(2) that the recorder's page makes for it, from where calls are allowed in either state.
 */
#ifndef FT_ARMING_H
#define FT_ARMING_H

struct ft_session;
struct ft_space;
struct ft_task;

/* Finds out which of the two it is, for in->arms_inside, by the first program that it starts. */
void ft_arming_learn(struct ft_session *s, const struct ft_task *t);

/* 0 or a negative errno; -ESRCH: the task has gone. The recorder must be mapped, and the task be in no call. */
int ft_arming_arm(struct ft_session *s, struct ft_task *t, const struct ft_space *sp);
/* The same. What has failed with -EFAULT can run nothing any more: its recorder has gone. */
int ft_arming_disarm(struct ft_session *s, struct ft_task *t, const struct ft_space *sp);

#endif
