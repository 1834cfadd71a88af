#include "decode/task_numbers.h"

#include <stdlib.h>

struct ft_task_number {
	uint64_t space;
	int32_t number, tid;
	bool own;
	struct ft_task_number *next_of_tid, *next_of_number;
};

static unsigned tid_bucket(int32_t tid)
{
	return (uint32_t)tid % FT_NUMBERS_BUCKETS;
}

static unsigned number_bucket(uint64_t space, int32_t number)
{
	return (unsigned)((space * 31 + (uint32_t)number) % FT_NUMBERS_BUCKETS);
}

/* Where what leads to it stands. */
static struct ft_task_number **place_of(
	const struct ft_task_numbers *n, uint64_t space, int32_t number)
{
	struct ft_task_number *const *at = &n->by_number[number_bucket(space, number)];

	while (*at && ((*at)->space != space || (*at)->number != number))
		at = &(*at)->next_of_number;
	return (struct ft_task_number **)at;
}

static void forget(struct ft_task_numbers *n, struct ft_task_number **of_tid)
{
	struct ft_task_number *gone = *of_tid;
	struct ft_task_number **of_number = place_of(n, gone->space, gone->number);

	*of_number = gone->next_of_number;
	*of_tid = gone->next_of_tid;
	free(gone);
}

void ft_numbers_forget(struct ft_task_numbers *n, int32_t tid)
{
	struct ft_task_number **at = &n->by_tid[tid_bucket(tid)];

	while (*at) {
		if ((*at)->tid == tid)
			forget(n, at);
		else
			at = &(*at)->next_of_tid;
	}
}

void ft_numbers_add(
	struct ft_task_numbers *n, int32_t tid, uint64_t space, int32_t number, bool own)
{
	struct ft_task_number *had = *place_of(n, space, number), *new, **at;

	if (had) {
		at = &n->by_tid[tid_bucket(had->tid)];
		while (*at != had)
			at = &(*at)->next_of_tid;
		forget(n, at);
	}
	new = malloc(sizeof(*new));
	if (!new)
		return;
	*new = (struct ft_task_number){
		.space = space,
		.number = number,
		.tid = tid,
		.own = own,
		.next_of_tid = n->by_tid[tid_bucket(tid)],
		.next_of_number = n->by_number[number_bucket(space, number)],
	};
	n->by_tid[tid_bucket(tid)] = new;
	n->by_number[number_bucket(space, number)] = new;
}

uint64_t ft_numbers_space(const struct ft_task_numbers *n, int32_t tid)
{
	for (const struct ft_task_number *at = n->by_tid[tid_bucket(tid)]; at; at = at->next_of_tid)
		if (at->tid == tid && at->own)
			return at->space;
	return 0;
}

int32_t ft_numbers_tid(const struct ft_task_numbers *n, uint64_t space, int32_t number)
{
	const struct ft_task_number *at = *place_of(n, space, number);

	return at ? at->tid : 0;
}
