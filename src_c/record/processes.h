/* The processes of a session: what they run, and how they end. */
#ifndef FT_PROCESSES_H
#define FT_PROCESSES_H

#include "fasttrace.h"

/*
 * The process table: grows by 88 bytes a process, argument lists are kept once. A program may make up as many as it
 * likes: processes that run what finds no room any more have none.
 */
#define FT_ARGVS_MAX	   (1u << 20) /* different ones, */
#define FT_ARGVS_MAX_BYTES (64u << 20) /* of so many bytes in all */

struct ft_process_table {
	struct ft_processes all;
	size_t room, strings_room;
	uint32_t *interned; /* open-addressed: offset + 1 of a string */
	uint32_t *interned_len;
	size_t interned_room, interned_count;
};

/* Returns the new serial, or -ENOMEM. */
int32_t ft_process_add(struct ft_process_table *p, pid_t pid, pid_t ppid, uint64_t now);
struct ft_process *ft_process_at(struct ft_process_table *p, int32_t serial);
/* Sets what the process runs now. argv: as in /proc/PID/cmdline. 0 or -ENOMEM. */
int ft_process_set(struct ft_process_table *p, int32_t serial, const char *comm, const char *argv,
	size_t argv_len);
/* The child starts as a copy of its parent. */
void ft_process_inherit(struct ft_process_table *p, int32_t serial, int32_t parent);
int ft_process_copy(const struct ft_process_table *p, struct ft_processes *out);
void ft_process_table_free(struct ft_process_table *p);

#endif
