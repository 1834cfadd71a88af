/*
 * What tasks are called, and numbered elsewhere, followed from their events in the order of time: who is born is called
 * as who made it, a program as its file, and prctl(2) gives another name; births say the numbers.
 */
#ifndef FT_DECODE_TASK_NAMES_H
#define FT_DECODE_TASK_NAMES_H

#include "decode/text.h"
#include "decode/walk.h"

#define FT_TASK_NAME_MAX 15 /* bytes: the kernel's TASK_COMM_LEN without its NUL */

struct ft_task_names;

enum ft_tasks_told {
	FT_TASKS_NAMES = 1 << 0,
	FT_TASKS_NUMBERS = 1 << 1, /* those that they have in the tracer's pid namespace */
};

/* What the kernel says that a task is called, at most FT_TASK_NAME_MAX bytes: their number; 0: there is no such task. */
typedef size_t ft_look_up(int32_t tid, uint8_t *name);
/* What a number of a pid namespace's is in the tracer's, as the kernel says; 0: it is nobody's. */
typedef int32_t ft_find_number(uint64_t space, int32_t number, enum ft_number_of of);

/*
 * told: enum ft_tasks_told. look_up, find: asked of tasks that no event has told of; NULL: nobody is. first: what a
 * command is called before its execve.
 */
int ft_task_names_new(struct ft_task_names **out, unsigned told, ft_look_up *look_up,
	ft_find_number *find, const char *first);
void ft_task_names_free(struct ft_task_names *names);

/* What an event says, which holds from its end on; payload: the stream of its block, as ft_snapshots() has it. -ENOMEM. */
int ft_task_names_learn(struct ft_task_names *names, const struct ft_event *ev,
	const uint8_t *payload, size_t length, uint64_t payload_base);
/* What was learned up to that time holds now. */
void ft_task_names_until(struct ft_task_names *names, uint64_t time_ns);

/* The end of a task is told: its name is that of a process that waits to be waited for, or nobody's. */
void ft_task_names_ended(struct ft_task_names *names, const struct ft_event *ev);

/* Whether names are; NULL: nothing is. */
bool ft_task_names_told(const struct ft_task_names *names);
/* <name> behind a task's number, if it is known what that is called. */
void ft_put_task_name(struct ft_text *text, struct ft_task_names *names, int32_t tid);
/* A number as the task `by` has it, and what is told of it. That of a group may be negative. */
void ft_put_task(struct ft_text *text, struct ft_task_names *names, int32_t by, int32_t number,
	enum ft_number_of of);

#endif
