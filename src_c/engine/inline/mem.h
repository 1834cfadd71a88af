/* /proc/PID/mem of an address space: the child of a fork that soon executes another program does without. */
#ifndef FT_MEM_H
#define FT_MEM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define FT_MEM_LATER INT_MIN /* it is opened when it is first needed */

struct ft_space;

/* A descriptor or a negative errno. */
int ft_mem_open(pid_t pid);
/* The space's, opened now if it has not been. */
int ft_mem_of(const struct ft_space *sp);
/* It could not be opened. */
bool ft_mem_is_closed(const struct ft_space *sp);

#endif
