/*
 * fasttrace: trace the system calls of a command tree. The only header that the Python side sees.
 *
 * A session traces one tree (spawned) or one process (attached). It owns a tracer thread that does
 * everything ptrace demands of one thread; all functions here may be called from any thread.
 * Results are >= 0, errors negative errno.
 */
#ifndef FASTTRACE_H
#define FASTTRACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event.h"
#include "tally.h"

struct ft_session;

/* One byte per syscall number and ABI: what to do with the call. */
enum ft_policy {
	FT_POLICY_RECORD = 1 << 0,    /* record and count it */
	FT_POLICY_STRING_0 = 1
		<< 1,  /* capture argument 0 as a string; argument i: FT_POLICY_STRING_0 << i */
};

enum ft_option {
	FT_OPT_FOLLOW = 1 << 0, /* children too; else only the process itself with its threads */
	FT_OPT_EVENTS = 1
		<< 1, /* deliver events; the consumer must take blocks or the tracees wait */
	FT_OPT_TALLY = 1 << 2, /* keep a tally */
	FT_OPT_BY_PROCESS = 1 << 3, /* tally per process */
	FT_OPT_STRINGS = 1 << 4, /* capture the strings that the policy names */
	FT_OPT_ENTRY_ONLY = 1 << 5, /* with a filter: no results, one stop per call */
};

enum ft_engine_id {
	FT_ENGINE_PTRACE = 0, /* two stops a call; always right */
	FT_ENGINE_INLINE = 1, /* tracees record their own calls; needs FT_OPT_FOLLOW */
};

/* Why a process of an inline session is traced by ptrace. */
enum ft_fallback {
	FT_FALLBACK_NONE,
	FT_FALLBACK_KERNEL,    /* no PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG: before Linux 6.4 */
	FT_FALLBACK_SETUP,     /* memory or descriptors could not be had or mapped */
	FT_FALLBACK_ABI,       /* 32-bit code */
	FT_FALLBACK_SIGNALS,   /* handles or ignores SIGSYS or SIGTRAP */
	FT_FALLBACK_DISPATCH,  /* uses Syscall User Dispatch itself */
	FT_FALLBACK_SECCOMP,   /* has a seccomp filter of its own */
	FT_FALLBACK_GS,	       /* uses the gs segment */
	FT_FALLBACK_TSC,       /* forbids rdtsc to itself */
	FT_FALLBACK_UNTRACED,  /* makes a task with CLONE_UNTRACED */
	FT_FALLBACK_NAMESPACE, /* another root, mount, pid or user namespace */
	FT_FALLBACK_MEMORY,    /* locks all its memory */
	FT_FALLBACK_SPOILED,   /* wrote to or unmapped memory of the engine's */
	FT_FALLBACK_COUNT,
};

struct ft_config {
	uint32_t options; /* enum ft_option */
	uint32_t engine; /* enum ft_engine_id */
	const uint8_t *policy[FT_ABI_COUNT]; /* FT_NR_MAX bytes each; NULL: record everything */
	const void *filter; /* struct sock_filter[]: RET_TRACE for the calls wanted; NULL: none */
	uint16_t filter_len; /* instructions */
	uint32_t block_events; /* events a block holds; 0: default */
	uint32_t queue_blocks; /* full blocks that may wait before tracees do; 0: default */
};

struct ft_command {
	const char *path; /* as for execve(2): no search */
	char *const *argv;
	char *const *envp;
	const char *cwd; /* NULL: ours */
	int stdio[3]; /* descriptor to become 0, 1, 2; -1: as ours, closed if ours is closed */
	uint64_t default_signals; /* bit n-1: signal n gets its default disposition */
	const void *seccomp; /* struct sock_filter[]: a wall to run behind; NULL: none */
	uint16_t seccomp_len; /* instructions */
	uint32_t seccomp_flags; /* SECCOMP_FILTER_FLAG_* */
};

/* Where a failed ft_spawn or ft_attach failed. */
enum ft_stage {
	FT_STAGE_NONE,
	FT_STAGE_FORK,
	FT_STAGE_TRACE, /* PTRACE_SEIZE */
	FT_STAGE_STDIO,
	FT_STAGE_CWD,
	FT_STAGE_FILTER, /* seccomp(2), for the tracer's own filter */
	FT_STAGE_SECCOMP, /* seccomp(2), for the command's */
	FT_STAGE_EXEC,
};

/* Whether the inline engine can work on this machine: NULL, or why not. */
const char *ft_inline_unusable(void);

/*
 * The calling process itself becomes the command, untraced: what seccomp lets through of it is all
 * that happens between seccomp(2) and execve(2). Returns only on error, and then perhaps behind
 * the wall. stdio and cwd must be "as ours".
 */
int ft_become(const struct ft_command *command, enum ft_stage *stage);

/* -EOPNOTSUPP: the engine does not work here. */
int ft_open(struct ft_session **out, const struct ft_config *config);
/*
 * Runs the command; returns its pid once exec has succeeded. On error *stage tells where. -ECHILD at
 * FT_STAGE_EXEC: it was killed there, as a wall that forbids execve may do. -EINVAL: a session with a
 * filter of its own would not see the calls that the wall answers, so a command may have one or the
 * other.
 */
int ft_spawn(struct ft_session *s, const struct ft_command *command, enum ft_stage *stage);
/* Attaches to all threads of a running process. */
int ft_attach(struct ft_session *s, pid_t pid, enum ft_stage *stage);

enum ft_stop_how { FT_STOP_KILL, FT_STOP_DETACH };
/* Asks for the end; the session goes on until the last task has gone. */
int ft_stop(struct ft_session *s, enum ft_stop_how how);
/* Sends a signal to the spawned command. -ESRCH: it has gone. */
int ft_signal(struct ft_session *s, int sig);
/* Waits for the end of the session: 1 it has ended, 0 timeout. timeout_ns < 0: for ever. */
int ft_wait(struct ft_session *s, int64_t timeout_ns);
/* Kills what still runs of a spawned tree, detaches from an attached one, frees everything. */
void ft_close(struct ft_session *s);

/* A block of events and the payload they refer to; it belongs to whoever took it. */
struct ft_block {
	struct ft_event *events;
	size_t count;
	uint8_t *payload;
	size_t payload_len;
	uint64_t payload_base; /* the stream offset of payload[0] */
};

/* 1: *out is a block, perhaps not full; 0: none within timeout_ns; -ENODATA: the session has ended
 * and all is taken. */
int ft_take(struct ft_session *s, int64_t timeout_ns, struct ft_block **out);
void ft_block_free(struct ft_block *b);

/* A copy of the tally so far. */
int ft_get_tally(struct ft_session *s, struct ft_tally **out);

/* Calls that tasks made on the engine's behalf, which are in no trace: rows by tid (in pid). */
int ft_get_injected(struct ft_session *s, struct ft_tally **out);

struct ft_process {
	int32_t pid, ppid;
	int32_t serial; /* 1, 2, ...: in order of appearance */
	int32_t status; /* as wait4(2) gives it; -1 while it runs or after detach */
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC; end_ns 0 while it runs */
	uint64_t calls; /* recorded calls */
	uint32_t argv, argv_len; /* in the string table */
	char comm[16];
	uint8_t engine; /* enum ft_engine_id: the last that traced it */
	uint8_t why; /* enum ft_fallback: in an inline session, why not inline */
	uint8_t unused[6];
};

struct ft_processes {
	struct ft_process *list;
	size_t count;
	char *strings;
	size_t strings_len;
};

/* A copy of the process table so far. */
int ft_get_processes(struct ft_session *s, struct ft_processes *out);
void ft_processes_free(struct ft_processes *p);

struct ft_stats {
	uint64_t events; /* events written */
	uint64_t taken; /* events handed over */
	uint64_t lost; /* written but never handed over although asked for: always 0 */
	uint64_t calls; /* syscall events */
	uint64_t stops; /* ptrace stops */
	uint64_t waits_full; /* times the tracees waited for the consumer */
	uint64_t start_ns, end_ns;
	int32_t root_pid;
	int32_t root_status; /* wait status of the spawned command; -1 while unknown */
	int32_t error; /* 0, or the negative errno that ended the session early */
	int32_t tasks; /* alive now */
};

void ft_get_stats(struct ft_session *s, struct ft_stats *out);

#endif
