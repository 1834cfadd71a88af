/*
 * The inline engine from the inside. Tracees record their own calls: the tracer arms Syscall User
 * Dispatch (SUD), and leads each `syscall` instruction that it thereby learns of to the recorder
 * (arch/x86_64/recorder.h). docs/inline.md tells how it all hangs together.
 */
#ifndef FT_INLINE_H
#define FT_INLINE_H

#include <pthread.h>
#include <sys/user.h>

#include "arch/x86_64/recorder.h"
#include "engine/inline/area.h"
#include "engine/inline/maps.h"
#include "engine/inline/sites.h"
#include "session/session.h"
#include "kernel/tsc.h"

/* Areas but the first are mapped so many at a time, from one memfd: see space/memory.c. */
#define FT_CHUNK_AREAS 16
#define FT_CHUNK       (FT_CHUNK_AREAS * FT_AREA_STEP)
#define FT_CHUNKS_MAX  180 /* all within the 4 GiB that share the upper half of their addresses */

struct ft_chunk {
	uint8_t *map; /* ours */
	uint16_t taken; /* bit per area */
	uint16_t used, opened; /* now or before: see struct ft_inline_task */
	uint16_t expects; /* a child of a task that had it is still to come: see stops/threads.h */
};

/* Chunks of processes that have ended, which we still map: some, for new ones to take their place. */
#define FT_LEFTOVERS	  8
#define FT_LEFTOVERS_KEPT 2
struct ft_leftovers {
	void *map[FT_LEFTOVERS];
	int count;
	int chunks; /* that RLIMIT_FSIZE allowed when it was last asked for; 0: not yet */
};

/* Memory for springboards: see near.h. */
#define FT_NEAR_SIZE	0x4000u
#define FT_NEAR_SLOT	0 /* the address of the recorder's entry */
#define FT_NEAR_SCRATCH 0x40u /* where code that a task is made to run may be written */
#define FT_NEAR_FIRST	0x800u
#define FT_NEAR_DUMMY	(FT_NEAR_SIZE - 0x1000u) /* a page to play with, see ft_recorder_sync() */
#define FT_NEAR_ROOM	((FT_NEAR_DUMMY - FT_NEAR_FIRST) / FT_SPRINGBOARD_SIZE)
#define FT_NEARS_MAX	16

struct ft_snippet;

struct ft_near {
	uint64_t base; /* 0: it has gone */
	bool blank; /* FT_NEAR_SLOT is still to be written */
	uint32_t used; /* springboards that were given out */
};

struct ft_nears {
	struct ft_near list[FT_NEARS_MAX];
	uint16_t *owners; /* FT_NEAR_ROOM for each: 1 + the index of the site; 0: none */
	int count;
	bool refused; /* there is no place for more, or mmap says no */
};

/* How much of what is known of a file has been used for a mapping of it: see files.h. */
struct ft_applied {
	uint64_t id, start;
	uint64_t changes; /* see ft_files_changes() */
	uint32_t count;
};

#define FT_APPLIED_MAX 32

/* An address space: of one process, or of several that share it (vfork, CLONE_VM). */
struct ft_space {
	uint64_t id; /* no other has or had it */
	int refs; /* tasks that have it, also those not yet or no longer recording */
	int unborn; /* of those, children that have copies of their own, about to be told from it */
	int tasks; /* that record themselves */
	int memory; /* /proc/PID/mem: see mem.h */
	pid_t pid;
	bool leaving; /* to the ptrace engine: tasks change over at their next stop */
	uint8_t why; /* enum ft_fallback: it leaves, if that is known */
	bool partial; /* perhaps: some of its threads do not record yet, so nothing may be patched */
	bool ignores_traps; /* SIGTRAP, by now: it is about to have left */
	bool ignores_faults; /* SIGSEGV or SIGBUS: a fault of ours would change that */
	bool stops; /* its program is CPython, and before each call that is wanted its lines are read */
	bool stops_births; /* also by vfork(2): see space/code.h */
	bool stops_forks; /* also plain ones */
	bool stops_threads; /* and all that makes threads */
	bool makes_threads; /* some task of it does, or did, without a stop */
	bool stops_queries; /* for what it does about SIGSYS and SIGTRAP: see space/actions.c */
	bool foreign; /* what it becomes by the next exec, and its children, are: see struct ft_task */
	_Atomic bool spoiled; /* it has written to what is ours; the drainer may find out */
	uint32_t changes; /* to its text and its springboards; odd while they are under way */
	struct ft_leftovers *leftovers;
	struct ft_chunk chunks[FT_CHUNKS_MAX];
	int chunk_count, chunk_limit;
	uint64_t vdso_call; /* see ft_unmap_vdso_call(); 0: none is known */
	int mapped; /* areas that the tracee maps: of a process without threads but one */
	struct ft_nears nears;
	struct ft_sites sites;
	uint64_t program; /* see ft_files_program() */
	struct ft_applied applied[FT_APPLIED_MAX]; /* one takes another's place */
	uint32_t applied_next;
	uint64_t caught_up; /* ft_files_changes() of all, when they were looked at last */
};

/* A task that records itself. */
struct ft_inline_task {
	struct ft_inline_task *next, **link; /* in ft_inline.tasks */
	struct ft_task *task;
	struct ft_space *space;
	struct ft_area *area; /* ours: see area.h */
	uint64_t base; /* its address in the tracee */
	uint32_t drained; /* offset in the area of the next record to take */
	uint32_t strings_taken; /* offset behind the last items that were taken */
	uint32_t has_records, has_strings; /* offsets up to which the area's pages are there */
	int chunk, slot;
	bool brief; /* its records are */
	bool opened; /* its blocks but the first may be used */
	bool makes_threads; /* without a stop: see struct ft_birth */
	uint64_t last_ns; /* end of the last record */
	uint64_t last_tick; /* TSC: the same, where they are brief */
	uint64_t signal_mask; /* the area's mask when the last signal came */
	struct ft_event
		sigreturn; /* begun, with the task's payload; it does not come back to say that it was made */
	bool returning;
	bool dying; /* it could not be sent on */
	bool delivers; /* stands before a signal for which ft_actions_deliver() is */
	bool held_still; /* see ft_actions_deliver() */
	bool exiting; /* stands at its exit event, or is past it */
	struct user_regs_struct regs; /* of this stop, if they have been read */
	bool knows_regs;
	uint64_t signals; /* that have come since; with a handler of one of them begun, the area's
			     mask need not be the task's */
	bool noted; /* unless it was looked at since */
	uint64_t birth_ret, birth_flags; /* of the call that makes a child, or made this one */
	uint64_t birth_mask; /* of signals, with which it begins */
	bool knows_birth_mask;
	uint32_t birth_changes; /* space->changes before it */
	uint64_t birth_at; /* area->cur then, where the tracer has sent it into that call */
	bool giving_birth; /* has been sent into it */
	bool unborn; /* see struct ft_space */
	uint64_t changes_at; /* area->cur at its last call of those in dumpable.h; 0: none */
	bool giving; /* stands at its birth event */
	bool foreseen; /* a call of foreseen_nr goes on as it is, and is counted: see altered.c */
	uint32_t foreseen_nr;
	bool by_stops; /* its call runs between a stop at its entry and one at its exit: see altered.c */
	bool sets_mask; /* which may change the signal mask */
	bool rewinds; /* that call is not made, but another way */
	struct user_regs_struct before; /* in front of that call, in the program */
	uint64_t strings_at; /* `cur` of the call that task->payload belongs to; 0: none */
	uint32_t strings_nr; /* and what that call was, for its record may say something else */
	uint64_t strings_args[6];
	bool strings_more; /* the recorder copies what is at its exit */
};

/* A stop of a task whose maker has not told of it yet. */
struct ft_early {
	struct ft_early *next;
	struct ft_stop stop;
};

/* Verdicts on numbers that calls have, and may have soon. */
#define FT_VERDICTS_USED 0x1000u

/* Of a stopped task. */
struct ft_standing {
	struct user_regs_struct regs;
	uint64_t mask; /* of signals */
	bool knows_mask;
	bool armed; /* for Syscall User Dispatch, by itself */
	bool is_new; /* signals hardly come: they are blocked only when the first one has, which is held */
};

struct ft_inline {
	pid_t self; /* ours */
	struct ft_standing execed; /* the task whose EXEC stop is dealt with */
	uint32_t vdso_end; /* see run/vdso.h */
	struct ft_snippet
		*birth; /* by which the child of a fork maps its first areas; NULL: none */
	int code; /* memfd: the recorder's code and tables */
	char code_path[48]; /* as tracees can open it */
	const uint8_t *image; /* the same, mapped */
	uint8_t stopping[FT_VERDICTS_USED]; /* verdicts for a process whose wanted calls all stop */
	bool brief; /* records, see ft_brief */
	bool fsgsbase;
	bool privileged; /* see dumpable.h */
	bool filtered; /* a seccomp filter is upon us, and so upon what we spawn */
	bool knows_arming, arms_inside; /* see run/arming.h */
	bool makes_threads; /* some task of the session does, or did, without a stop */
	uint8_t clone_beside_threads; /* the verdict on clone(2) where there are threads: see space/code.h */
	uint32_t slow[FT_NR_MAX / 32]; /* calls that the tracer must look at first */
	uint8_t copied[FT_RECORDER_CALLS / 8]; /* see programs.h */
	struct ft_tsc clock;
	struct ft_early *early;
	struct ft_files *files;
	struct ft_maps maps;
	uint8_t windows
		[0x10000]; /* what stands around sites, while it is read: see patch/windows.c */
	struct ft_leftovers leftovers;
	pid_t refused; /* that was attached to and cannot record itself */
	struct ft_space
		*visited; /* of a process that was attached to, until all its threads record */

	pthread_mutex_t lock; /* of what the drainer and live readers use too: */
	struct ft_inline_task *tasks;
	struct ft_event batch[512]; /* where FT_FLAG_PAYLOAD is set, payload is an offset in: */
	uint8_t payload[6 * FT_CAPTURE_SPACE];
	struct ft_tally_call counted[512]; /* of brief records */
	pthread_cond_t wake; /* for the drainer */
	pthread_t drainer;
	bool drains; /* the thread exists */
	bool ends;
	bool hot; /* some task fills block upon block */
};

#endif
