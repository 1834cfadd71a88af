/* Who else has a process's memory: kcmp(2), proc_tid_children(5). */
#ifndef FT_SHARING_H
#define FT_SHARING_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether the process shares its memory with its parent or a child, as after vfork(2) until the child executes a program,
 * or perhaps does: where the kernel does not say.
 */
bool ft_sharing_memory(pid_t pid);

#endif
