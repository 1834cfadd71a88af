/* Another process's memory and its pages in /proc. */
#ifndef FT_REMOTE_H
#define FT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads memory up to `size` bytes, fewer where a page follows that cannot be read. -EFAULT: not one byte could be.
 * By the tracer thread, of a stopped task, where the system refuses all other ways.
 */
ssize_t ft_remote_read(pid_t pid, uint64_t addr, void *buf, size_t size);

/*
 * Reads a NUL-terminated string of at most max bytes, NUL not counted. Returns the length;
 * *truncated is set if no NUL came within max or before the end of readable memory. -EFAULT: not
 * one byte could be read.
 */
ssize_t ft_remote_string(pid_t pid, uint64_t addr, char *buf, size_t max, int *truncated);

/* A whole small file /proc/<pid>/<name>, cut at max. Returns its length. */
ssize_t ft_remote_proc(pid_t pid, const char *name, char *buf, size_t max);

/*
 * Whether /proc tells of the pid namespace that our numbers of tasks are from; after unshare(1) --pid without
 * --mount-proc it tells of others under the same numbers.
 */
bool ft_remote_proc_is_ours(void);

/* The decimal number after "<key>:" in a text as /proc/<pid>/status has it; -1 if there is none. */
long ft_remote_status_field(const char *status, const char *key);

/* A signal mask of /proc/<pid>/status: "SigBlk", "SigIgn" ...; all bits if it cannot be read. */
uint64_t ft_remote_status_mask(pid_t pid, const char *key);

#endif
