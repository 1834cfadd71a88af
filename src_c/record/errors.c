#include "record/errors.h"

#include <errno.h>
#include <stdlib.h>

#include "event.h"

int ft_errors_add(struct ft_errors *e, int64_t number, uint64_t count)
{
	struct ft_error_count *list = e->list, here;
	uint32_t wanted = number > 0 && number <= FT_ERRNO_MAX ? (uint32_t)number : 0;
	unsigned i, room;

	for (i = 0; i < e->used && list[i].number != wanted; i++)
		;
	if (i < e->used) {
		/* One step to the front: the frequent ones are found at once. */
		here = list[i];
		here.count += count;
		list[i] = list[i ? i - 1 : 0];
		list[i ? i - 1 : 0] = here;
		return 0;
	}
	if (e->used == e->room) {
		room = 2u * e->room + 1;
		list = realloc(list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		e->list = list;
		e->room = (uint16_t)room;
	}
	e->list[e->used++] = (struct ft_error_count){ wanted, count };
	return 0;
}

int ft_errors_merge(struct ft_errors *into, const struct ft_errors *from)
{
	int rc = 0;

	for (unsigned i = 0; i < from->used && rc == 0; i++)
		rc = ft_errors_add(into, from->list[i].number, from->list[i].count);
	return rc;
}

size_t ft_errors_read(const struct ft_errors *e, uint32_t *numbers, uint64_t *counts, size_t max)
{
	for (size_t i = 0; i < e->used && i < max; i++) {
		numbers[i] = e->list[i].number;
		counts[i] = e->list[i].count;
	}
	return e->used;
}

void ft_errors_free(struct ft_errors *e)
{
	free(e->list);
}
