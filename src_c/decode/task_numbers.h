/* What tasks are numbered in pid namespaces below the tracer's, and who has a number there. */
#ifndef FT_DECODE_TASK_NUMBERS_H
#define FT_DECODE_TASK_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#define FT_NUMBERS_BUCKETS 1024

struct ft_task_number;

struct ft_task_numbers {
	struct ft_task_number *by_tid[FT_NUMBERS_BUCKETS], *by_number[FT_NUMBERS_BUCKETS];
};

/* own: of the task's own namespace. Who had that number has it no more. Without memory nothing is kept. */
void ft_numbers_add(
	struct ft_task_numbers *n, int32_t tid, uint64_t space, int32_t number, bool own);
/* All that a task has. */
void ft_numbers_forget(struct ft_task_numbers *n, int32_t tid);

/* A task's own namespace; 0: the tracer's, or not known. */
uint64_t ft_numbers_space(const struct ft_task_numbers *n, int32_t tid);
/* 0: nobody, as far as is known. */
int32_t ft_numbers_tid(const struct ft_task_numbers *n, uint64_t space, int32_t number);

#endif
