/*
 * Reads the memory of tracees for a thread that must not wait for them: a page may be one that only another process
 * can fill (userfaultfd(2), a file on FUSE), perhaps one that itself waits for us.
 */
#ifndef FT_READER_H
#define FT_READER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/scheduling.h"

struct ft_reader;
struct ft_watchdog;

int ft_reader_new(struct ft_watchdog *watchdog, const struct ft_scheduling *scheduling,
	struct ft_reader **out);
/* For the watchdog's `late`: the process whose page holds the thread that reads up for too long; 0: none. */
pid_t ft_reader_late(struct ft_reader *r, pid_t reading);
/* Threads that still read are left to themselves. */
void ft_reader_free(struct ft_reader *r);

/*
 * As ft_remote_read(), ft_remote_string() and ft_proc_read(), by one thread, but -ETIMEDOUT: it was not to be
 * had within 0.3 s. max: up to FT_READER_MAX. memory: a descriptor of
 * /proc/PID/mem, or -1.
 */
#define FT_READER_MAX 4096u
ssize_t ft_reader_read(
	struct ft_reader *r, pid_t pid, int memory, uint64_t addr, void *buf, size_t max);
ssize_t ft_reader_string(
	struct ft_reader *r, pid_t pid, uint64_t addr, char *buf, size_t max, int *truncated);
/*
 * Memory at several places, one behind the other into buf, if all of it is there. Returns how many pieces
 * are whole, from the first on; the others may be had one by one.
 */
struct ft_piece {
	uint64_t address;
	uint32_t size;
};
size_t ft_reader_pieces(
	struct ft_reader *r, pid_t pid, const struct ft_piece *pieces, size_t n, uint8_t *buf);
/* What else may have to wait for others; n: what it returns, at most `max`, of what it writes. */
typedef ssize_t ft_reader_question(
	pid_t pid, uint64_t first, uint64_t second, char *buf, size_t max);
ssize_t ft_reader_call(struct ft_reader *r, ft_reader_question *question, pid_t pid, uint64_t first,
	uint64_t second, char *buf, size_t max);
ssize_t ft_reader_proc(struct ft_reader *r, pid_t pid, const char *name, char *buf, size_t max);

#endif
