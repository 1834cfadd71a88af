/* Numbers that tasks have in pid namespaces below ours: pid_namespaces(7). */
#ifndef FT_PIDNS_H
#define FT_PIDNS_H

#include <stdint.h>
#include <sys/types.h>

#include "event.h"

#define FT_PIDNS_MAX 32 /* MAX_PID_NS_LEVEL of include/linux/pid_namespace.h */

/* A task's numbers, that of its own namespace first. Returns how many; 0: it is in ours, or may not be looked at. */
int ft_pidns_numbers(pid_t tid, struct ft_payload_number numbers[FT_PIDNS_MAX]);

/* What a number of a namespace's is here, by all that /proc has; 0: nobody's. */
pid_t ft_pidns_find(uint64_t space, pid_t number, enum ft_number_of of);

#endif
