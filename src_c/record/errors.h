/* How often calls failed with each errno, in as little memory as a row of the tally has errors. */
#ifndef FT_ERRORS_H
#define FT_ERRORS_H

#include <stddef.h>
#include <stdint.h>

struct ft_error_count {
	uint32_t number;
	uint64_t count;
};

struct ft_errors {
	struct ft_error_count *list;
	uint16_t used, room;
};

/* A number that is no errno (1..FT_ERRNO_MAX) counts as 0. -ENOMEM. */
int ft_errors_add(struct ft_errors *e, int64_t number, uint64_t count);
/* Not into itself. -ENOMEM. */
int ft_errors_merge(struct ft_errors *into, const struct ft_errors *from);
/* Fills at most max numbers and counts; returns how many there are. */
size_t ft_errors_read(const struct ft_errors *e, uint32_t *numbers, uint64_t *counts, size_t max);
void ft_errors_free(struct ft_errors *e);

#endif
