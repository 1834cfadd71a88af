/* What task_names.c and task_changes.c share: who is called what, and what is still to happen to that. */
#ifndef FT_DECODE_TASK_CHANGES_H
#define FT_DECODE_TASK_CHANGES_H

#include "decode/task_names.h"
#include "decode/task_numbers.h"

#define FT_NAMES_BUCKETS 1024
#define FT_FOUND_MAX	 256 /* numbers that were looked up */

enum ft_task_what {
	FT_TASK_IS_CALLED,
	FT_TASK_IS_CALLED_AS, /* `of` is */
	FT_TASK_IS_NUMBERED, /* `of` in `space`, which is its own */
	FT_TASK_IS_NUMBERED_TOO, /* in another one */
	FT_TASK_IS_WAITED_FOR, /* by `of`, which has that number of it */
	FT_TASK_HAS_GONE,
};

struct ft_task_change {
	uint64_t time_ns;
	uint64_t space;
	int32_t tid, of;
	uint8_t what; /* enum ft_task_what */
	uint8_t length;
	uint8_t name[FT_TASK_NAME_MAX];
};

/* What /proc says that a number is. */
struct ft_found_number {
	uint64_t space, time_ns;
	int32_t number, tid;
	enum ft_number_of of;
};

struct ft_task_names {
	unsigned told;
	struct ft_task_numbers numbers;
	struct ft_found_number found[FT_FOUND_MAX];
	ft_find_number *find;
	struct ft_named_task *buckets[FT_NAMES_BUCKETS];
	size_t count;
	struct ft_task_change *changes; /* that are to come, from `next` on in the order of time */
	size_t next, end, room;
	uint64_t now_ns;
	ft_look_up *look_up;
	char first[FT_TASK_NAME_MAX + 1];
	uint8_t kinds[FT_ABI_COUNT][FT_NR_MAX]; /* 0: not looked for yet */
};

/* Of a command the first execve is what is heard first: so far it was a child of the tracer's. */
void ft_task_names_begin(struct ft_task_names *names, int32_t tid);

#endif
