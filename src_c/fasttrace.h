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

/* 16 bits per syscall number and ABI: what to do with the call. */
enum ft_policy {
	FT_POLICY_RECORD = 1 << 0, /* record and count it */
	FT_POLICY_PROGRAM = 1
		<< 1, /* times the number of a capture program: see tables/capture.h */
};

/* Of data that is captured, but of paths and structures, so many bytes are kept unless more are asked for. */
#define FT_STRING_LIMIT	    32u
#define FT_STRING_LIMIT_MAX 0x8000u

#define FT_PYTHON_FRAMES_MAX 64u

enum ft_option {
	FT_OPT_FOLLOW = 1 << 0, /* children too; else only the process itself with its threads */
	FT_OPT_EVENTS = 1
		<< 1, /* deliver events; the consumer must take blocks or the tracees wait */
	FT_OPT_TALLY = 1 << 2, /* keep a tally */
	FT_OPT_BY_PROCESS = 1 << 3, /* tally per process */
	FT_OPT_PAYLOAD = 1 << 4, /* run the capture programs that the policy names */
	FT_OPT_ENTRY_ONLY = 1 << 5, /* with a filter: no results, one stop per call */
	FT_OPT_ENVIRONMENTS = 1 << 6, /* of environments the strings too, which may be secrets */
	FT_OPT_PLACES = 1 << 7, /* keep the addresses that calls are made at, and signals come at */
	FT_OPT_DESCRIPTORS = 1 << 8, /* with payload: what descriptors are, see FT_PAYLOAD_LINK */
	FT_OPT_UNTIL_EXEC = 1 << 9, /* who executes another program is let go of, see execs_kept */
	FT_OPT_VCPU_EXITS = 1 << 10, /* with payload: why each KVM_RUN ended, see FT_PAYLOAD_VCPU */
};

enum ft_engine_id {
	FT_ENGINE_PTRACE = 0, /* two stops a call; always right */
	FT_ENGINE_INLINE = 1, /* tracees record their own calls; needs FT_OPT_FOLLOW */
	FT_ENGINE_COUNT,
};
extern const char *const ft_engine_names[FT_ENGINE_COUNT];

/* Why a process of an inline session is traced by ptrace. */
enum ft_fallback {
	FT_FALLBACK_NONE,
	FT_FALLBACK_KERNEL, /* attached to, and no PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG: before Linux 6.4 */
	FT_FALLBACK_SETUP, /* memory or descriptors could not be had or mapped */
	FT_FALLBACK_ABI, /* 32-bit code */
	FT_FALLBACK_SIGNALS, /* what it sets for SIGSYS or SIGTRAP could not be followed */
	FT_FALLBACK_DISPATCH, /* uses Syscall User Dispatch itself */
	FT_FALLBACK_SECCOMP, /* has a seccomp filter of its own that is in the way */
	FT_FALLBACK_GS, /* uses the gs segment */
	FT_FALLBACK_TSC, /* forbids rdtsc to itself */
	FT_FALLBACK_UNTRACED, /* makes a task with CLONE_UNTRACED */
	FT_FALLBACK_NAMESPACE, /* another root, mount, pid or user namespace */
	FT_FALLBACK_MEMORY, /* locks all its memory */
	FT_FALLBACK_SPOILED, /* wrote to or unmapped memory of the engine's */
	FT_FALLBACK_STUCK, /* did not come back from code of the engine's; if it was spawned it is killed */
	FT_FALLBACK_DUMPABLE, /* forks, and is not dumpable; the tracer has no CAP_SYS_PTRACE */
	FT_FALLBACK_ALTERED, /* makes a call that is altered and that the engine must look after */
	FT_FALLBACK_SHARED, /* was attached to while another process has the same memory, as after vfork(2) */
	FT_FALLBACK_COUNT,
};
/* In words, of a process: "it ..."; "" for FT_FALLBACK_NONE. */
extern const char *const ft_fallback_reasons[FT_FALLBACK_COUNT];

/* What an injection does to a call that it hits. */
enum ft_inject {
	FT_INJECT_RETURN = 1 << 0, /* `ret` is its result; the call is not made */
	FT_INJECT_SIGNAL = 1 << 1, /* a signal comes as it begins */
	FT_INJECT_NUMBER = 1 << 2, /* another call is made, also with FT_INJECT_RETURN */
	FT_INJECT_DELAY_ENTER = 1 << 3,
	FT_INJECT_DELAY_EXIT = 1 << 4,
	FT_INJECT_POKE = 1 << 5,
};

/* Bytes to be written to where an argument points. */
struct ft_poke {
	const void *bytes;
	uint32_t len;
	uint8_t arg;
	uint8_t at_exit; /* else at the entry */
};

/*
 * Which calls of one number are altered, and how. Each task counts its calls of the number from 1: those
 * are hit whose count is `first`, then each `step`th (0: no other), up to `last`.
 */
struct ft_injection {
	uint32_t abi, nr; /* enum ft_abi; below FT_NR_MAX; at most one injection for each */
	uint32_t first, last, step;
	uint32_t what; /* enum ft_inject */
	int64_t ret; /* as the register holds it: -errno for an error */
	int32_t signal;
	uint32_t number;
	uint64_t delay_enter_ns, delay_exit_ns;
	const struct ft_poke *pokes;
	size_t poke_count;
};

/* Bits of a byte for each number: where ft_take_call() gets the call. */
enum ft_hand_over { FT_HAND_ENTRY = 1 << 0, FT_HAND_EXIT = 1 << 1 };

struct ft_config {
	uint32_t options; /* enum ft_option */
	uint32_t engine; /* enum ft_engine_id */
	const uint16_t *policy[FT_ABI_COUNT]; /* FT_NR_MAX each; NULL: record everything */
	uint32_t string_limit; /* at most FT_STRING_LIMIT_MAX; 0: FT_STRING_LIMIT */
	uint32_t python_frames; /* kept of a call: up to FT_PYTHON_FRAMES_MAX */
	uint32_t execs_kept; /* that the command, or who is attached to, may before */
	/*
	 * 0: none. A thread of who is attached to that calls getsockopt(2) with this level is not stopped by its
	 * calls from there on, which are in no trace, until it sends itself SIGWINCH. That one it does not get; it is
	 * told as a getsockopt(2) of the level below, with the next option. For the ptrace engine; the others cost
	 * too little to be worth it.
	 */
	uint64_t pause_level;
	const void *filter; /* struct sock_filter[]: RET_TRACE for the calls wanted; NULL: none */
	uint16_t filter_len; /* instructions */
	uint32_t block_events; /* events a block holds; 0: default */
	uint32_t queue_blocks; /* full blocks that may wait before tracees do; 0: default */
	const struct ft_injection *injections;
	size_t injection_count;
	const uint8_t *handled[FT_ABI_COUNT]; /* enum ft_hand_over, FT_NR_MAX bytes; NULL: none */
};

struct ft_command {
	const char *path; /* as for execve(2): no search */
	char *const *argv;
	char *const *envp;
	const char *cwd; /* NULL: ours */
	int stdio[3]; /* descriptor to become 0, 1, 2; -1: as ours, closed if ours is closed */
	uint64_t default_signals; /* bit n-1: signal n gets its default disposition */
	uint64_t
		unblocked_signals; /* bit n-1: signal n is not blocked, though the caller blocks it */
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
	FT_STAGE_PROC, /* /proc is not that of our pid namespace, or there is none */
	FT_STAGE_COUNT,
};
extern const char *const ft_stage_names[FT_STAGE_COUNT];

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
/*
 * The same of several, in one session; returns the first one's pid. On error none is attached to, and *refused
 * is the one that could not be. Needs FT_OPT_FOLLOW and the ptrace engine.
 */
int ft_attach_all(struct ft_session *s, const pid_t *pids, size_t count, enum ft_stage *stage,
	pid_t *refused);

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

/* Calls that tasks made on the engine's behalf, which are in no trace; with FT_OPT_BY_PROCESS rows by tid
 * (in pid). */
int ft_get_engine_calls(struct ft_session *s, struct ft_tally **out);

#define FT_PYTHON_READ 0u /* its lines can be read, or it has none */
#define FT_PYTHON_OLD  1u /* before 3.11, which does not say its version */

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
	uint8_t unused[2];
	uint32_t python; /* PY_VERSION_HEX where its lines cannot be read; or FT_PYTHON_* */
};

struct ft_processes {
	struct ft_process *list;
	size_t count;
	char *strings;
	size_t strings_len;
};

/* The last process that had this pid: 1, and *out is a copy, without strings; 0: none was seen. */
int ft_find_process(struct ft_session *s, pid_t pid, struct ft_process *out);

/* A copy of the process table so far. */
int ft_get_processes(struct ft_session *s, struct ft_processes *out);
void ft_processes_free(struct ft_processes *p);

struct ft_stats {
	uint64_t events; /* events written */
	uint64_t taken; /* events delivered */
	uint64_t lost; /* written but never delivered although asked for: always 0 */
	uint64_t calls; /* syscall events */
	uint64_t stops; /* ptrace stops */
	uint64_t waits_full; /* times the tracees waited for the consumer */
	uint64_t start_ns, end_ns;
	int32_t root_pid;
	int32_t root_status; /* wait status of the spawned command; -1 while unknown */
	uint64_t altered; /* calls that an injection or an answer has changed */
	int32_t error; /* 0, or the negative errno that ended the session early */
	int32_t tasks; /* alive now */
};

void ft_get_stats(struct ft_session *s, struct ft_stats *out);

/* A task's registers, in the order of ft_register_names. */
#define FT_REGISTERS_MAX 40
struct ft_registers {
	uint64_t value[FT_REGISTERS_MAX];
};
extern const char *const ft_register_names[];
extern const int ft_register_count;

/* A call that waits at its entry or exit for an answer. */
struct ft_handed {
	int32_t tid, pid;
	int32_t nr;
	uint8_t abi; /* enum ft_abi */
	uint8_t at_exit;
	uint64_t time_ns; /* of this stop, CLOCK_MONOTONIC */
	uint64_t args[6];
	int64_t ret; /* at exit: as the register holds it */
	struct ft_registers registers; /* as if the program itself had made the call */
};

/*
 * The next call that waits: 1; 0: none within timeout_ns (< 0: for ever); -ENODATA: the session has
 * ended. The task waits, and so does the tracer thread: other tasks run until their next stop.
 */
int ft_take_call(struct ft_session *s, int64_t timeout_ns, struct ft_handed *out);

enum ft_answer_what {
	FT_ANSWER_REPLY = 1 << 0, /* entry: the call is not made; `reply` is its result */
	FT_ANSWER_NUMBER = 1 << 1, /* entry: another call is made */
	FT_ANSWER_ARGS = 1 << 2, /* entry: with other arguments */
	FT_ANSWER_DETACH = 1 << 3, /* and the session ends, as by ft_stop() */
	FT_ANSWER_KILL = 1 << 4,
};

struct ft_answer {
	uint32_t what; /* enum ft_answer_what; 0: the call goes on as it was */
	int32_t signal; /* comes when the call ends; 0: none */
	int64_t reply;
	uint64_t nr;
	uint64_t args[6];
	uint64_t set; /* bit i: register i gets registers.value[i] */
	struct ft_registers registers;
};

/* To the call taken last. -ESRCH: it waits no more, for the session is ending; -EINVAL: a session with a
 * filter cannot detach. */
int ft_answer(struct ft_session *s, pid_t tid, const struct ft_answer *answer);

/*
 * Registers of any task, which is stopped for that. 0; -EAGAIN: it did not stop within timeout_ns (it is
 * in the kernel: waits for its vfork child, for instance); -ESRCH: it is not traced (any more);
 * -EDEADLK: asked by the thread that owes the answer to another task's call; -EOPNOTSUPP: not on this
 * machine.
 */
int ft_get_registers(struct ft_session *s, pid_t tid, int64_t timeout_ns, struct ft_registers *out);
/* Bit i of set: register i gets its new value. */
int ft_set_registers(struct ft_session *s, pid_t tid, int64_t timeout_ns, uint64_t set,
	const struct ft_registers *registers);

#endif
