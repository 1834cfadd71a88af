/* What /proc tells of a task: proc(5). */
#ifndef FT_PROC_H
#define FT_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A whole small file /proc/<pid>/<name>, cut at max. Returns its length, or a negative errno. */
ssize_t ft_proc_read(pid_t pid, const char *name, char *buf, size_t max);
/* The same as a text, which is empty where nothing could be read. */
ssize_t ft_proc_text(pid_t pid, const char *name, char *text, size_t size);

/*
 * Whether /proc tells of the pid namespace that our numbers of tasks are from; after unshare(1) --pid without
 * --mount-proc it tells of others under the same numbers.
 */
bool ft_proc_is_ours(void);

/* The decimal numbers after "<key>:"; returns how many, at most max. */
int ft_proc_status_list(const char *status, const char *key, pid_t *ids, int max);

/* The decimal number after "<key>:" in a text as /proc/<pid>/status has it; -1 if there is none. */
long ft_proc_status_field(const char *status, const char *key);

/* A signal mask there: "SigBlk", "SigIgn" ...; 0 if there is none. */
uint64_t ft_proc_mask_field(const char *status, const char *key);
/* The same of a process; all bits if it cannot be read. */
uint64_t ft_proc_status_mask(pid_t pid, const char *key);

/*
 * A field of /proc/<pid>/stat by its number in proc_pid_stat(5), from 3 on, and what follows it; NULL: there is none.
 * The name before them, which is the program's to choose, may hold anything.
 */
const char *ft_proc_stat_field(const char *stat, int number);

/* proc_pid_comm(5) without its newline, NUL-terminated; returns its length, 0 if there is none. max: with the newline. */
size_t ft_proc_comm(pid_t tid, char *name, size_t max);
/* Whether the process has a thread of which `wanted` says so, or perhaps has: where they cannot be read. */
bool ft_proc_has_thread(pid_t pid, bool (*wanted)(pid_t tid, void *arg), void *arg);
/* State of a task, as a letter ('R', 'S', ...); 0: it cannot be read. */
char ft_proc_state(pid_t tid);

/* /proc/<pid>/schedstat, opened: ns on a processor, ns of waiting for one (Documentation/scheduler/sched-stats.rst). */
bool ft_proc_schedstat(int fd, uint64_t *ran, uint64_t *delay);
/* For how many ns a task has had a processor. False: that is not known. */
bool ft_proc_ran(pid_t tid, uint64_t *ran);

/* Opens /proc/<pid>/<name>. A descriptor or a negative errno. */
int ft_proc_open(pid_t pid, const char *name);

#endif
