/* Another process's memory. */
#ifndef FT_REMOTE_H
#define FT_REMOTE_H

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

#endif
