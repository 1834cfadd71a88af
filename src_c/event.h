/* The event record: the one fixed-width unit that every engine writes and every reader reads. */
#ifndef FT_EVENT_H
#define FT_EVENT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum ft_abi {
	FT_ABI_X86_64 = 0,
	FT_ABI_I386 = 1,
	FT_ABI_AARCH64 = 2,
	FT_ABI_RISCV64 = 3,
	FT_ABI_COUNT,
	FT_ABI_UNKNOWN = 255,
};

enum ft_kind {
	FT_KIND_SYSCALL = 1, /* nr, args, ret; ret is -errno with FT_FLAG_ERROR */
	FT_KIND_SIGNAL =
		2, /* nr: signal; args: si_code, si_pid, si_uid, si_addr; payload: siginfo */
	FT_KIND_FORK =
		3, /* pid, tid: the parent; ret: child's tid; args[0]: child's pid; nr: ft_fork; args[1]: CLONE_FILES and
		     CLONE_FS, with FT_OPT_DESCRIPTORS, if it shares those; payload: the child's numbers */
	FT_KIND_EXEC = 4, /* pid == tid; ret: tid before the exec; payload: comm, argv */
	FT_KIND_EXIT = 5, /* ret: wait status as wait4(2) gives it */
	FT_KIND_LOST = 6, /* ret: number of events lost before this one; never seen so far */
	FT_KIND_ATTACH = 7, /* a task that was running when it was attached; args[0]: ppid; payload:
			       comm, argv, numbers; of a thread no argv */
	FT_KIND_STOP =
		8, /* the task stands still, with its process; nr: the signal that stopped it */
};

enum ft_fork { FT_FORK_FORK = 1, FT_FORK_VFORK = 2, FT_FORK_CLONE = 3 };

enum ft_flag {
	FT_FLAG_UNFINISHED = 1
		<< 0, /* never returned to user code while traced: ret and duration are 0 */
	FT_FLAG_INTERRUPTED = 1 << 1, /* ret is one of the kernel's restart codes (512..516) */
	FT_FLAG_ALTERED = 1 << 2, /* altered by the tracer */
	FT_FLAG_PAYLOAD = 1 << 3, /* payload holds at least one item */
	FT_FLAG_THREAD = 1 << 4, /* FORK, EXIT, ATTACH: the task is not its process's first */
	FT_FLAG_ERROR = 1 << 5, /* SYSCALL: ret is -errno */
	/* Of what is ALTERED, by a rule: */
	FT_FLAG_DELAYED = 1 << 6, /* it was held up */
	FT_FLAG_POKED = 1 << 7, /* what its arguments point to was written to */
	FT_FLAG_OWN_RESULT = 1 << 8, /* and yet the call was made, and its result is the kernel's */
};

/*
 * One event; little-endian, naturally aligned. Within one task events stand in the order of their
 * starts. The ptrace engine writes a syscall's event when the call ends, so there all stand in the
 * order of their ends; tasks that record themselves hand theirs over in blocks.
 */
struct ft_event {
	uint64_t time_ns; /* start, CLOCK_MONOTONIC */
	uint64_t duration_ns; /* 0 for all but syscalls */
	int64_t ret;
	uint64_t args[6];
	uint64_t payload; /* offset of the first item in the session's payload stream */
	int32_t pid;
	int32_t tid;
	int32_t nr;
	uint8_t abi; /* enum ft_abi */
	uint8_t kind; /* enum ft_kind */
	uint16_t flags; /* enum ft_flag */
};

static_assert(sizeof(struct ft_event) == 96, "event record must stay 96 bytes");
static_assert(offsetof(struct ft_event, args) == 24, "event layout");
static_assert(offsetof(struct ft_event, payload) == 72, "event layout");
static_assert(offsetof(struct ft_event, pid) == 80, "event layout");
static_assert(offsetof(struct ft_event, flags) == 94, "event layout");

enum ft_payload_type {
	FT_PAYLOAD_STRING = 1, /* a NUL-terminated string of the tracee, without its NUL */
	FT_PAYLOAD_BYTES = 2,
	FT_PAYLOAD_ARGV = 3, /* as in /proc/PID/cmdline: each argument ends with NUL */
	FT_PAYLOAD_COMM = 4,
	FT_PAYLOAD_LINK = 5, /* what a descriptor is, see below; address: its number */
	FT_PAYLOAD_SIGINFO = 6, /* of a signal: struct siginfo as a 64-bit tracer gets it */
	FT_PAYLOAD_STACK = 7, /* 64-bit addresses of code, the first one behind the call */
	FT_PAYLOAD_PYTHON = 8, /* struct ft_payload_frame, one behind the other: what CPython ran */
	FT_PAYLOAD_NUMBERS = 9, /* FORK, ATTACH: struct ft_payload_number, one behind the other */
	FT_PAYLOAD_VCPU = 10, /* of KVM_RUN: 32 bits, why it ended, KVM_EXIT_* */
};

enum ft_payload_flag {
	FT_PAYLOAD_MORE = 1 << 0, /* another item of the same event follows */
	FT_PAYLOAD_TRUNCATED = 1 << 1, /* longer in the tracee than what is here */
	FT_PAYLOAD_FAULT = 1 << 2, /* what would follow could not be read; alone: not one byte */
	FT_PAYLOAD_EXIT = 1 << 3, /* as it was after the call; else before it */
};

/*
 * One payload item, what stood in a tracee's memory: this head, `length` bytes, then zeros up to a
 * multiple of 8. What an argument points to may itself point to more: these are items of the same
 * argument with addresses of their own.
 */
struct ft_payload {
	uint32_t length;
	uint8_t arg; /* index of the argument that leads to it; 255: none */
	uint8_t type; /* enum ft_payload_type */
	uint16_t flags; /* enum ft_payload_flag */
	uint64_t address; /* in the tracee; 0: none */
};

static_assert(sizeof(struct ft_payload) == 16, "payload head must stay 16 bytes");
static_assert(offsetof(struct ft_payload, address) == 8, "payload layout");

/* A frame of Python code, the innermost first: this head, the file's name, the function's (co_qualname). */
struct ft_payload_frame {
	uint32_t line; /* 0: none */
	uint16_t file_size, function_size; /* bytes of UTF-8, or as the file system has them */
};

static_assert(sizeof(struct ft_payload_frame) == 8, "frame head must stay 8 bytes");

/*
 * What a task is numbered in a pid namespace. All of those below the tracer's that it is in, its own first: none, if it
 * is in the tracer's.
 */
struct ft_payload_number {
	uint64_t space; /* inode of /proc/PID/ns/pid */
	int32_t number;
	uint32_t unused;
};

static_assert(sizeof(struct ft_payload_number) == 16, "number must stay 16 bytes");

/* What a number that is that of a task names. */
enum ft_number_of { FT_NUMBER_OF_TASK, FT_NUMBER_OF_GROUP, FT_NUMBER_OF_SESSION };

/*
 * The bytes of an FT_PAYLOAD_LINK: the link /proc/PID/fd/N, or /proc/PID/cwd where the address is AT_FDCWD, and behind
 * a NUL what else the kernel tells, in words with a NUL between them:
 *
 *   char 1:3 | block 8:0         a device's number
 *   pid N                        of a pidfd
 *   TCP LOCAL REMOTE, UDPv6 ...  a socket's protocol, and addresses as 127.0.0.1:80 or [::1]:80, if it has them
 *   UNIX-STREAM PEER NAME        inode of the peer, or ""; "=" and a path, or "@" and an abstract name, or ""
 *   NETLINK PROTOCOL PORT        numbers
 */
#define FT_LINK_MAX 4608u /* a path of PATH_MAX and those */
#define FT_LINK_CWD ((uint64_t)(int64_t)-100) /* AT_FDCWD */

/* The largest error number that the kernel returns: MAX_ERRNO of include/linux/err.h. */
#define FT_ERRNO_MAX 4095

/* Of struct siginfo the kernel keeps so many bytes: struct kernel_siginfo, include/linux/signal_types.h. */
#define FT_SIGINFO_SIZE 48u
/* Bytes of a tracee's string, and of an argument list, that are kept: PATH_MAX. */
#define FT_STRING_MAX 4096u
/* What an item of so many bytes takes. */
#define FT_PAYLOAD_SIZE(length) (sizeof(struct ft_payload) + (((size_t)(length) + 7) & ~(size_t)7))

/* The kernel's restart codes, seen by ptrace only (include/linux/errno.h). */
#define FT_ERESTARTSYS		 512
#define FT_ERESTART_RESTARTBLOCK 516

/* Syscall numbers at or above this have no table entry of their own; they share the last slot. In events they
 * are as they were; for tallies see tally.h. */
#define FT_NR_MAX 1024

#endif
