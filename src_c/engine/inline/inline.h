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
#include "engine/inline/near.h"
#include "engine/inline/sites.h"
#include "session/session.h"
#include "kernel/tsc.h"

/* Areas but the first are mapped so many at a time, from one memfd: see memory.c. */
#define FT_CHUNK_AREAS 16
#define FT_CHUNK       (FT_CHUNK_AREAS * FT_AREA_STEP)
#define FT_CHUNKS_MAX  180 /* all within the 4 GiB that share the upper half of their addresses */

struct ft_chunk {
	uint8_t *map; /* ours */
	uint16_t taken; /* bit per area */
	uint16_t used, opened; /* now or before: see struct ft_inline_task */
};

/* How much of what is known of a file has been used for a mapping of it: see files.h. */
struct ft_applied {
	uint64_t id, start;
	uint32_t count;
};

#define FT_APPLIED_MAX 32

/* An address space: of one process, or of several that share it (vfork, CLONE_VM). */
struct ft_space {
	int refs; /* tasks that have it, also those not yet or no longer recording */
	int unborn; /* of those, children that have copies of their own, about to be told from it */
	int tasks; /* that record themselves */
	int memory; /* /proc/PID/mem */
	pid_t pid;
	bool leaving; /* to the ptrace engine: tasks change over at their next stop */
	uint8_t why; /* enum ft_fallback: it leaves, if that is known */
	bool partial; /* perhaps: some of its threads do not record yet, so nothing may be patched */
	bool ignores_faults; /* SIGSEGV or SIGBUS: a fault of ours would change that */
	bool foreign; /* its children and what it execs cannot be prepared */
	_Atomic bool spoiled; /* it has written to what is ours; the drainer may find out */
	uint32_t changes; /* to its text and its springboards; odd while they are under way */
	struct ft_chunk chunks[FT_CHUNKS_MAX];
	int chunk_count, chunk_limit;
	int mapped; /* areas that the tracee maps: of a process without threads but one */
	struct ft_nears nears;
	struct ft_sites sites;
	struct ft_applied applied[FT_APPLIED_MAX]; /* one takes another's place */
	uint32_t applied_next;
};

/* A task that records itself. */
struct ft_inline_task {
	struct ft_inline_task *next, **link; /* in ft_inline.tasks */
	struct ft_task *task;
	struct ft_space *space;
	struct ft_area *area; /* ours: see area.h */
	uint64_t base; /* its address in the tracee */
	uint32_t drained; /* offset in the area of the next record to take */
	uint32_t strings_taken; /* offset behind the last strings that were taken */
	uint32_t has_records, has_strings; /* offsets up to which the area's pages are there */
	int chunk, slot;
	bool opened; /* its blocks but the first may be used */
	uint64_t last_ns; /* end of the last record */
	uint64_t signal_mask; /* the area's mask when the last signal came */
	struct ft_event sigreturn; /* begun; it does not come back to say that it was made */
	bool returning;
	bool dying; /* it could not be sent on */
	bool exiting; /* stands at its exit event, or is past it */
	uint64_t signals; /* that have come since; with a handler of one of them begun, the area's
			     mask need not be the task's */
	uint64_t birth_ret, birth_flags; /* of the call that makes a child, or made this one */
	uint32_t birth_changes; /* space->changes before it */
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
	uint64_t strings_at; /* `cur` of the call that task->strings belong to; 0: none */
};

/* A stop of a task whose maker has not told of it yet. */
struct ft_early {
	struct ft_early *next;
	struct ft_stop stop;
};

struct ft_inline {
	int code; /* memfd: the recorder's code and tables */
	char code_path[48]; /* as tracees can open it */
	bool fsgsbase;
	bool privileged; /* see dumpable.h */
	uint32_t slow[FT_NR_MAX / 32]; /* calls that the tracer must look at first */
	struct ft_tsc clock;
	struct ft_early *early;
	struct ft_files *files;
	pid_t refused; /* that was attached to and cannot record itself */
	struct ft_space
		*visited; /* of a process that was attached to, until all its threads record */

	pthread_mutex_t lock; /* of what the drainer and live readers use too: */
	struct ft_inline_task *tasks;
	struct ft_event batch[512];
	pthread_cond_t wake; /* for the drainer */
	pthread_t drainer;
	bool drains; /* the thread exists */
	bool ends;
	bool hot; /* some task fills block upon block */
};

/* policy.c: the table of what to do with which number, and the numbers that need the tracer. */
void ft_policy_slow(struct ft_inline *in);
void ft_policy_table(const struct ft_session *s, const struct ft_inline *in, uint8_t *policy);
/* Bit i: the session wants the string that argument i points to. */
uint8_t ft_policy_strings(const struct ft_session *s, uint64_t nr);
bool ft_policy_is_slow(const struct ft_inline *in, uint64_t nr);

/* altered.c: calls that ft_plan_has(). */
/* Whether the ptrace engine must see to such a call. */
bool ft_altered_elsewhere(const struct ft_inline *in, uint64_t nr);
/* The task is about to make such a call, which goes on at `ret`: where it shall go on now. */
void ft_altered_start(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret);
/* It is seen elsewhere: perhaps it has not made it. */
void ft_altered_shown(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/* It stands at one of the two. As ft_engine.call_stop. */
int ft_altered_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* As in struct ft_engine. */
void ft_altered_show_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r);
void ft_altered_hide_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r);

/* Sets a stopped task's registers. False: it has gone, or is another one by now. */
bool ft_set_regs(
	const struct ft_session *s, const struct ft_task *t, struct user_regs_struct *regs);

/* snippet.c: code that a stopped task is made to run. */
struct ft_snippet {
	uint8_t code[1024];
	size_t len, entry;
	uint64_t address; /* where it will lie */
	struct {
		uint64_t args[2]; /* the first two */
		uint32_t nr;
		uint16_t end; /* where the next instruction is */
	} call[16];
	int calls;
	bool apart;
	uint32_t apart_nr[8]; /* of those that are made apart */
	int apart_calls;
	size_t jump[16]; /* ends of those whose targets are still to come */
	int jumps;
	/* Once it has run: */
	int done; /* calls that succeeded */
	int fd; /* what the last of them kept: a descriptor, or the process that made calls apart */
};
void ft_snippet_start(
	struct ft_snippet *c, uint64_t address, const char *const strings[], int count);
/* The address of a string given to ft_snippet_start. */
uint64_t ft_snippet_string(const struct ft_snippet *c, int i);
/* A call; it ends the snippet if it fails. keep: its result becomes the descriptor; fd: bit i: argument
 * i is that descriptor. */
void ft_snippet_call(
	struct ft_snippet *c, uint32_t nr, const uint64_t args[6], unsigned fd, bool keep);
/*
 * The calls between the two are made by a process that lives only for them, in the same memory, with a
 * descriptor table of its own: no other thread meets what they open. If one fails those behind it are left
 * out, without a word.
 */
void ft_snippet_apart(struct ft_snippet *c);
void ft_snippet_together(struct ft_snippet *c);
void ft_snippet_end(struct ft_snippet *c);

/* inject.c: makes a stopped task run code of ours. */
/* Writes it, runs it, takes it away again. 0 or the negative errno of the call that failed; -ESRCH: the
 * task has gone. The task is left as it was. */
int ft_inject_snippet(struct ft_session *s, struct ft_task *t, int memory, struct ft_snippet *c);
/* One that has failed, or came to nothing: closes and unmaps what its calls opened and mapped, in its place. */
int ft_inject_undo(struct ft_session *s, struct ft_task *t, int memory, const struct ft_snippet *c);
/* One call through a syscall instruction of the program's; other threads do not notice. */
int ft_inject_call(struct ft_session *s, struct ft_task *t, uint64_t syscall_insn, uint32_t nr,
	const uint64_t args[6], int64_t *result);
/* Runs code of the recorder (ft_recorder_call, ft_recorder_sync). */
int ft_inject_recorder(struct ft_session *s, struct ft_task *t, uint64_t entry, uint64_t nr,
	const uint64_t args[6], int64_t *result);
/* See ft_engine.take_back. */
bool ft_inject_take_back(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);

/* placing.c: what is mapped in a tracee, and taken away again. */
/* After an exec. 0 or a negative errno: then the task is as it was. */
int ft_space_new(struct ft_session *s, struct ft_task *t, struct ft_space **out);
/* Of a process that was attached to, whose other threads may run. */
int ft_space_attach(struct ft_session *s, struct ft_task *t, struct ft_space **out);
/* The first areas of the child of a fork. */
int ft_space_place_areas(struct ft_session *s, struct ft_task *t);
/* Takes away what was mapped, by its last task; what was in there must be taken. */
void ft_space_unmap(struct ft_session *s, struct ft_task *t, struct ft_space *sp);

/* memory.c: the memory that areas lie in. */
/* Room for the first of them. Returns a descriptor, and its path for a tracee; or a negative errno. */
int ft_memory_new(struct ft_space *sp, char path[48]);
/* The tracee has mapped FT_MEMORY_FIRST bytes of it: from now on nobody can make holes. 0 or a negative errno. */
int ft_memory_seal(struct ft_space *sp, int fd);
void ft_memory_free(struct ft_space *sp);
/* Where the tracee maps it. */
#define FT_MEMORY_BASE	FT_RECORDER_AREAS
#define FT_MEMORY_FIRST FT_AREA_STEP
/* An area for a stopped task; it may need a mapping. 0 or a negative errno. */
int ft_space_area(struct ft_session *s, struct ft_inline_task *it);
void ft_space_release(struct ft_inline_task *it);

/* space.c: address spaces. */
/* For the child of a fork, which has a copy of the parent's patches. */
int ft_space_fork(struct ft_session *s, struct ft_task *t, const struct ft_space *from,
	struct ft_space **out);
/* Without a tracee's part. NULL: no memory. */
struct ft_space *ft_space_alloc(pid_t pid);
void ft_space_free(struct ft_space *sp);
/* Whether one task alone has it, which can take away what is mapped. */
bool ft_space_is_last(const struct ft_space *sp);

/* maps.c: what lies where in an address space. */
struct ft_mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode;
	bool read, write, exec, shared, file;
};
/* The mapping that holds the address. 0, -ENOENT, or another negative errno. */
int ft_maps_find(pid_t pid, uint64_t address, struct ft_mapping *out);
/* A free place of `size` bytes within reach of the text around `address`. 0: none. */
uint64_t ft_maps_gap(pid_t pid, uint64_t address, uint64_t size);

/* patch.c: sites are led to the recorder. t: a stopped task of the space. */
/* The site that the task stopped at with this number, and what else is known of its file. */
int ft_patch_learn(struct ft_session *s, struct ft_task *t, uint64_t address, uint32_t nr);
/* What is known of the file mapped at an address. */
void ft_patch_known(struct ft_session *s, struct ft_task *t, uint64_t address);
/* undo.c: and that is taken back. */
int ft_patch_undo(struct ft_session *s, struct ft_task *t, struct ft_site *site);
/* All but the padding, where a thread may still be about to jump from. */
int ft_patch_undo_all(struct ft_session *s, struct ft_task *t, struct ft_space *sp);
/* And that, once no task of the space is in it. */
void ft_patch_undo_padding(const struct ft_space *sp);
/*
 * The child of a fork, stopped before it runs, whose memory was copied while its parent's text was being
 * rewritten: what is not as a whole patch has it is as the program has it. 0 or a negative errno: it
 * must not run.
 */
int ft_patch_mend(struct ft_session *s, struct ft_space *sp);
/* For an instruction pointer in a springboard, or at the jmp in a padding: its site, else NULL. */
struct ft_site *ft_patch_of_springboard(const struct ft_space *sp, uint64_t ip);
struct ft_site *ft_patch_of_padding(const struct ft_space *sp, uint64_t ip);
/* For a task that ran into an int3 of ours: where it goes on. */
bool ft_patch_rewind(const struct ft_space *sp, uint64_t ip, uint64_t *to);

/*
 * normalise.c: a stopped task as it would be without us: its instruction pointer in the program, its
 * record closed or dropped. Returns whether regs have changed.
 */
bool ft_normalise(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs);
/* Where a task goes on in the program whose call goes on at `ret`. */
uint64_t ft_normalise_after(struct ft_session *s, struct ft_task *t, uint64_t ret);
/* The site whose call goes on at `ret`. */
uint64_t ft_normalise_site(const struct ft_space *sp, uint64_t ret);

/* drain.c: records become events. All with ft_inline.lock held. */
/* What is finished. */
void ft_drain(struct ft_session *s, struct ft_inline_task *it);
/* The task is at the end of a block: gives it the next one, emptied if need be. */
void ft_drain_next_block(struct ft_session *s, struct ft_inline_task *it);
/* An rt_sigreturn that has been made. */
void ft_drain_sigreturn(struct ft_session *s, struct ft_inline_task *it);
/* A call that is under way while its task ends, or its program. */
void ft_drain_begun(struct ft_session *s, struct ft_inline_task *it);
/* The record under way, if there is one, ends now, with this result. */
void ft_drain_close(
	struct ft_session *s, struct ft_inline_task *it, struct ft_area_seen *seen, int64_t ret);

/* drainer.c: a thread that empties blocks before tasks must wait for that. */
/* hot: do it often. With the lock held. */
void ft_drainer_start(struct ft_session *s, bool hot);
void ft_drainer_end(struct ft_session *s);

/* leave.c: back to the ptrace engine. */
enum ft_fallback; /* fasttrace.h */
/* The whole process; t, stopped at a place outside the recorder, at once, the others at their next stops. */
void ft_leave(struct ft_session *s, struct ft_task *t, enum ft_fallback why);
/* t alone, whose space is leaving. */
void ft_leave_task(struct ft_session *s, struct ft_task *t);
/* It has ended, or its address space has. */
void ft_inline_task_free(struct ft_session *s, struct ft_task *t);

#endif
