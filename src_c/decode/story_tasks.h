/* The tasks of a story: what each has delivered that is not told yet, and which of them comes next. */
#ifndef FT_DECODE_STORY_TASKS_H
#define FT_DECODE_STORY_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

#define FT_NEVER UINT64_MAX

/* Of another event, beside those of enum ft_kind: the task goes on untraced, by the execve under way. */
#define FT_STORY_LEFT 255

/* A call in a task's queue, followed by its payload. */
struct ft_story_call {
	struct ft_event event;
	uint32_t size; /* with the payload, a multiple of 8 */
	uint32_t payload_length;
};

/* A signal, a birth, an end. */
struct ft_story_other {
	struct ft_event event;
	bool has_siginfo;
	uint64_t place; /* where its task was; 0: not known */
	uint8_t siginfo[FT_SIGINFO_SIZE];
};

struct ft_story_task {
	int32_t tid, pid;
	int32_t nr; /* of the last call that was told; -1: none was */
	int32_t former; /* the thread whose execve leaves this task alone; 0: none has */
	uint64_t through_ns; /* all that ended before has been delivered */
	uint8_t *calls;
	size_t head, tail, room; /* of the bytes in calls */
	struct ft_story_other *others; /* in the order of time */
	size_t others_count, others_room;
	uint8_t abi; /* of the last call that was delivered */
	bool in_32_bits; /* the last call that was told */
	bool told; /* the first call's entry */
	bool supposed; /* the first call was seen to wait, and is not delivered */
	uint8_t execs_kept; /* so often it may execute programs and stay ours */
	bool counted; /* among those that are alive */
	bool ended; /* nothing more comes */
	uint64_t next_ns; /* the time of what is to be told next; FT_NEVER: nothing is known */
	uint32_t place; /* in the heap */
	struct ft_story_task *chain;
};

#define FT_STORY_BUCKETS 1024

struct ft_story_tasks {
	struct ft_story_task *buckets[FT_STORY_BUCKETS];
	struct ft_story_task **heap; /* the first is the one whose next_ns is least */
	size_t count, room;
	size_t bytes; /* that wait in all queues */
	uint8_t *spare; /* of a queue that was long, for the next one that is */
	size_t spare_room;
};

struct ft_story_task *ft_story_find(const struct ft_story_tasks *tasks, int32_t tid);
/* Finds it or makes it; NULL: no memory. */
struct ft_story_task *ft_story_task_of(struct ft_story_tasks *tasks, int32_t tid, int32_t pid);
void ft_story_forget(struct ft_story_tasks *tasks, struct ft_story_task *t);
void ft_story_forget_all(struct ft_story_tasks *tasks);
/* Its next_ns has changed. */
void ft_story_moved(struct ft_story_tasks *tasks, struct ft_story_task *t);
/* When something of another task than the first is to be told. */
uint64_t ft_story_second(const struct ft_story_tasks *tasks);

int ft_story_push(struct ft_story_tasks *tasks, struct ft_story_task *t,
	const struct ft_event *event, const void *payload, size_t length);
/* Of its payload siginfo is kept. */
int ft_story_push_other(
	struct ft_story_task *t, const struct ft_event *event, const void *payload, size_t length);
/* NULL: there is none. */
struct ft_story_call *ft_story_first(const struct ft_story_task *t);
/* The call behind the first. */
struct ft_story_call *ft_story_behind(const struct ft_story_task *t);
void ft_story_pop(struct ft_story_tasks *tasks, struct ft_story_task *t);
void ft_story_pop_other(struct ft_story_task *t);

#endif
