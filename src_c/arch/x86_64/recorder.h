/*
 * The recorder: the code that runs in the tracee in place of its `syscall` instructions, the memory
 * that it writes, and what its instructions mean for whoever finds a task among them.
 */
#ifndef FT_RECORDER_H
#define FT_RECORDER_H

#include <assert.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

#include "event.h"

/*
 * Where it lies in every tracee: above what the sanitizers take for their shadows and inside what they
 * call application memory, below where mmap starts. The upper half of each address is the same, which
 * the recorder relies on to tell whether gs is ours.
 */
#define FT_RECORDER_BASE	0x7e9000000000ull
#define FT_RECORDER_CODE	0x1000u /* one page of code: SUD's allowed range */
#define FT_RECORDER_VERDICTS	0x10000u /* behind it: a byte for each syscall number below this */
#define FT_RECORDER_TABLES	3 /* and then tables by the first argument's low byte */
#define FT_RECORDER_TABLES_SIZE 0x6000u
#define FT_RECORDER_BIRTHS	(FT_RECORDER_CODE + FT_RECORDER_VERDICTS + FT_RECORDER_TABLES_SIZE)
#define FT_RECORDER_BIRTHS_SIZE                                                                    \
	0x1000u /* and a page that new processes begin with: see space/calls.h */
#define FT_RECORDER_SIZE  (FT_RECORDER_BIRTHS + FT_RECORDER_BIRTHS_SIZE)
#define FT_RECORDER_AREAS (FT_RECORDER_BASE + 0x10000000u)

/* What the verdict on a number, a byte, makes the recorder do. */
enum ft_recorder_verdict {
	FT_RECORDER_RECORD = 0,
	FT_RECORDER_PASS = 1, /* run it without a record */
	FT_RECORDER_TRAP = 2, /* stop for the tracer first */
	FT_RECORDER_MASK = 3, /* record it, then note the signal mask */
	FT_RECORDER_TABLE = 4, /* + i: table i, by the low byte of argument 0: see below */
	FT_RECORDER_CAPTURE = 7, /* record it, and copy what its arguments point to */
	FT_RECORDER_TABLE_CAPTURE = 8, /* + i: as FT_RECORDER_TABLE, but capture for record */
	FT_RECORDER_RETURN = 11, /* rt_sigreturn: record it as made, and make it */
	FT_RECORDER_FORK = 12, /* record it where argument 0 is FT_FORK_FLAGS, else stop first */
	FT_RECORDER_BIRTH =
		13, /* clone, clone3: a thread, if struct ft_birth is ready; else stop first */
};

/* What fork(3) calls clone(2) with: CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD. */
#define FT_FORK_FLAGS 0x1200011u

/* What stands in a table. */
enum ft_recorder_by_argument {
	FT_RECORDER_TABLE_RECORD = 0,
	FT_RECORDER_TABLE_TRAP = 1,
	FT_RECORDER_TABLE_UNLESS_NULL = 2, /* trap, but record where argument 1 is NULL */
};

/*
 * Among the tables: for each number below FT_RECORDER_CALLS 16 bits, where in words of 64 bits from
 * there its capture program begins; ft_capture_ioctls of tables/capture.h; and programs: FT_OPs for
 * the entry, a 0, FT_OPs for the exit, a 0. An op with a condition has an FT_OP_IF and its set behind it.
 */
#define FT_RECORDER_PROGRAMS	0x300u
#define FT_RECORDER_CALLS	512u
#define FT_RECORDER_IOCTLS	(FT_RECORDER_PROGRAMS + 2 * FT_RECORDER_CALLS)
#define FT_RECORDER_IOCTLS_SIZE 0x1100u
#define FT_RECORDER_OPS		(FT_RECORDER_IOCTLS + FT_RECORDER_IOCTLS_SIZE)

enum ft_recorder_op {
	FT_OP_TRACER = 1, /* stop: the tracer copies all of this call's at this end */
	FT_OP_ONE, /* bytes: one element */
	FT_OP_ARGUMENT, /* as many as argument `from` says */
	FT_OP_BEHIND, /* as the 32-bit number says that it points to */
	FT_OP_RESULT, /* as the result says */
	FT_OP_IOCTL, /* bytes, see ft_capture_ioctl() */
	FT_OP_STRING,
	FT_OP_IF_SUCCESS = 0x80, /* only if the call succeeded */
};

/* condition: 0, or 1 + the argument that is one of a set; size: 0: a bit. */
#define FT_OP(arg, op, from, condition, size, limit)                                               \
	((uint64_t)(arg) | (uint64_t)(op) << 8 | (uint64_t)(from) << 16 |                          \
		(uint64_t)(condition) << 24 | (uint64_t)(size) << 32 | (uint64_t)(limit) << 48)
#define FT_OP_CONDITION(op)  ((uint8_t)((op) >> 24))
#define FT_OP_IF(mask, base) ((uint64_t)(mask) << 32 | (uint32_t)(base))
#define FT_OP_SIZE_MAX	     0xffffu

/* One call as the recorder writes it. */
struct ft_raw {
	uint64_t start, end; /* TSC */
	int64_t ret;
	uint64_t args[6];
	uint64_t nr; /* the whole of rax */
	uint64_t mask; /* rt_sigprocmask, rt_sigreturn: the signal mask afterwards */
	union {
		uint64_t
			frame; /* rt_sigreturn: the address of what it gives back; 0: it was refused */
		struct { /* FT_RECORDER_CAPTURE: low halves of addresses */
			uint32_t strings; /* of the first payload item; FT_RAW_ASKED */
			uint32_t end_of_strings;
		};
	};
};

/* rt_sigprocmask: the mask was asked for, or is being. */
#define FT_RAW_ASKED 1u

static_assert(sizeof(struct ft_raw) == 96, "the recorder's code knows the size");

/* The same of a session that only counts: what a tally needs. */
struct ft_brief {
	uint64_t start, end; /* TSC */
	int64_t ret;
	uint64_t nr; /* all of rax; once the call has returned the upper half has a mark: */
};

/* rt_sigprocmask: FT_RAW_ASKED; rt_sigreturn: it has been made, and ret is another call's. */
#define FT_BRIEF_MARK (1ull << 32)

static_assert(sizeof(struct ft_brief) == 32, "the recorder's code knows the size");

/* And what else the call under way needs, behind the area's head. */
struct ft_kept {
	/* Of the call: args[2], which is borrowed, and args[0], by which a fork is known; rt_sigprocmask: all;
	 * rt_sigreturn: the mask in args[0]. */
	uint64_t args[4];
	uint64_t frame; /* as in struct ft_raw; rt_sigprocmask: FT_RAW_ASKED */
	uint64_t unused[3];
};

/*
 * A task's memory: blocks of 64 KiB whose first FT_BLOCK_HEAD bytes are no records, so that a block is
 * full when the low 16 bits of the address are 0. The first block's head is the task's state.
 */
#define FT_BLOCK      0x10000u
#define FT_BLOCK_HEAD 64u

struct ft_area {
	union {
		uint64_t link; /* first word of a block: its first record if it is free, else 0;
				  block 0's stands behind the last block, so there it is: */
		uint64_t exit_ops; /* address of those of the call under way; 0: the tracer's */
		uint64_t mask_at; /* brief records: address of `mask` */
	};
	uint64_t ret; /* where the call under way goes on: in the program, or in a springboard */
	uint64_t cur; /* address of the record under way */
	uint64_t busy; /* == cur: the call has begun */
	uint64_t mask; /* the signal mask, after the last FT_RECORDER_MASK or _RETURN call */
	uint16_t flags; /* while items are copied: ax after lahf, seto %al */
	uint32_t handler; /* FT_HANDLER_*, since a signal has come, until rt_sigreturn */
	uint64_t strings; /* where the next payload item goes */
	uint64_t strings_limit; /* from here on there may be no room for those of one call */
};

static_assert(sizeof(struct ft_area) == FT_BLOCK_HEAD, "the head of a block");

#define FT_HANDLER_UNKNOWN 1u /* what it blocks: nothing is read that may fault */
#define FT_HANDLER_BEGUN   2u /* perhaps */

/*
 * For one thread that the task makes without a stop. The recorder makes the call as CLONE_PTRACE | CLONE_UNTRACED: the
 * kernel tells of the child by the child's first stop, and by none of the maker's (kernel/fork.c, kernel_clone()).
 */
#define FT_BIRTH_AT   0x100040u /* in the area: behind the head of the block behind the last */
#define FT_BIRTH_SIZE 192u
#define FT_BIRTH_ARGS                                                                              \
	11 /* words of clone3's arguments, of Linux 5.7; of others the tracer is asked */

struct ft_birth {
	uint64_t ready; /* args_at, or 0: a child is on its way, or the tracer is to be asked */
	uint64_t args_at; /* the address of args */
	uint64_t ret, first; /* where the child goes on, and with what as its first argument */
	uint64_t args[FT_BIRTH_ARGS];
	uint64_t given; /* what the kernel is given as first argument */
	uint64_t maker; /* the tracer's: tid of the task whose area it is */
	uint64_t unused[7];
};

static_assert(sizeof(struct ft_birth) == FT_BIRTH_SIZE, "it has a place of its own");

/* The most that is written for one call, and for an item of so many bytes. */
#define FT_CAPTURE_SPACE	 0xc000u
#define FT_CAPTURE_ITEM_SPACE(n) (FT_PAYLOAD_SIZE(n) + 8)

/* What stands before the first record of a block of brief ones. */
#define FT_BRIEF_HEAD (FT_BLOCK_HEAD + (uint32_t)sizeof(struct ft_kept))

/* Fills the page of code. brief: of calls without payload only a struct ft_brief is written. */
void ft_recorder_code(uint8_t page[FT_RECORDER_CODE], bool brief);
/* A brief record under way as ft_recorder_undo() wants it. */
void ft_recorder_lengthen(
	const struct ft_brief *brief, const struct ft_kept *kept, struct ft_raw *out);

/*
 * Entry points, as addresses in the tracee. r11: where the call goes on. fsgsbase: the processor lets
 * programs read and write gs (HWCAP2_FSGSBASE), so it is checked.
 */
uint64_t ft_recorder_entry(bool fsgsbase);
/* For a task that the tracer has looked at: records, or runs, without asking for the verdict. */
uint64_t ft_recorder_record(uint64_t nr);
uint64_t ft_recorder_pass(void);
/* Whether a task at this ip has made a call that sets its signal mask, which its area does not tell of yet. */
bool ft_recorder_sets_mask(uint64_t ip);
/* Whether it is about to make an rt_sigreturn that is recorded, or has made it in vain. */
bool ft_recorder_is_returning(uint64_t ip);
/* The same, running the number's capture program; or, of that, what area->exit_ops says. */
uint64_t ft_recorder_capture(void);
uint64_t ft_recorder_traced(void);
/* Whether a child of FT_RECORDER_BIRTH begins there. */
bool ft_recorder_is_born(uint64_t ip);
/* Whether a task stands where it had begun to make one, and none has come of it. */
bool ft_recorder_is_childless(const struct user_regs_struct *regs);
/* `syscall; int3`, and the serialization of other processors (rdi: a page to play with, which ends up readable); int3. */
uint64_t ft_recorder_call(void);
uint64_t ft_recorder_sync(void);
/* Where the instructions behind its two calls are, from its start. */
void ft_recorder_sync_ends(uint16_t ends[2]);

/* Whether a fault at this address is that of something that cannot be read; *on: where to go on. */
bool ft_recorder_fault(uint64_t ip, uint64_t *on);

/* Why the recorder trapped, by the address after its int3. */
enum ft_recorder_trap {
	FT_TRAP_NONE,
	FT_TRAP_VERDICT, /* before a call that needs the tracer */
	FT_TRAP_FULL, /* no block is free; the call is recorded */
	FT_TRAP_GS, /* gs is not ours any more; the return address is in r11 */
	FT_TRAP_EXIT, /* behind a call of which the tracer copies something */
	FT_TRAP_REFUSED, /* behind an rt_sigreturn that seccomp has refused */
};
enum ft_recorder_trap ft_recorder_trap_at(uint64_t ip);

/* How far a task is in the recorder. */
enum ft_progress {
	FT_OUTSIDE, /* not in it */
	FT_NOT_BEGUN,
	FT_RETURNED, /* just out of the kernel: the result may be a restart code */
	FT_FINISHED, /* the record is not yet closed */
	FT_CLOSED,
	FT_PASSED, /* as FT_RETURNED, of a call without a record */
};

/*
 * What the registers would be had the program made the call itself: rax, rdx and what the recorder
 * borrowed restored; ip is left alone: *ret is the address after the call (in the program or in a
 * springboard). FT_FINISHED: the area's record has its result; its end may be missing. area, current:
 * copies of what the task shares with us.
 */
enum ft_progress ft_recorder_undo(struct user_regs_struct *regs, const struct ft_area *area,
	const struct ft_raw *current, uint64_t *ret);

#endif
