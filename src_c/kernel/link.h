/* What a descriptor of a task is. */
#ifndef FT_LINK_H
#define FT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "event.h"

struct ft_reader;

/*
 * As FT_PAYLOAD_LINK has it; fd: or AT_FDCWD. waits: whether what may take a while is asked for, too; then -ETIMEDOUT:
 * it was not to be had in time, and the link alone would be. Returns the length, or a negative errno.
 */
ssize_t ft_link_read(
	struct ft_reader *r, pid_t pid, pid_t tid, int fd, bool waits, char buf[FT_LINK_MAX]);
/* The descriptors that a task has open, from the least on, up to max. Returns how many, or a negative errno. */
int ft_link_list(pid_t tid, int *fds, int max);

#endif
