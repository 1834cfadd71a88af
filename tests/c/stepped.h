/*
 * A child that is single-stepped through the recorder; at each instruction ft_recorder_undo() must give the
 * registers that it would have had it made the call itself.
 */
#ifndef FT_STEPPED_H
#define FT_STEPPED_H

#include <linux/elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "either_record.h"

#ifndef AREA
#define AREA 0x40000u
#endif
#define RED 16 /* words */

static struct ft_area *area;

/* Both processes share what the recorder runs and writes. */
static inline int set_up(void)
{
	uint8_t *code =
		mmap((void *)FT_RECORDER_BASE, FT_RECORDER_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	area = mmap((void *)FT_RECORDER_AREAS, AREA, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (code == MAP_FAILED || area == MAP_FAILED)
		return -1;
	ft_recorder_code(code, false);
	verdicts = code + FT_RECORDER_CODE;
	return 0;
}

static inline void reset(unsigned offset)
{
	memset(area, 0, AREA);
	area->cur = FT_RECORDER_AREAS + offset;
	area->mask_at = (uint64_t)&area->mask;
	area->strings = FT_RECORDER_AREAS + 0x20000;
	area->strings_limit = FT_RECORDER_AREAS + 0x30000;
	*(uint64_t *)((uint8_t *)area + FT_BLOCK) = FT_RECORDER_AREAS + FT_BLOCK + HEAD;
}

static inline pid_t stopped_child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return pid;
}

/* All that a call leaves alone: everything but rax, rcx, r11 and the instruction pointer. */
static inline int is_kept(const struct user_regs_struct *a, const struct user_regs_struct *b)
{
	const uint64_t flags = 0xcd5; /* CF PF AF ZF SF DF OF */

	return a->rbx == b->rbx && a->rdx == b->rdx && a->rsi == b->rsi && a->rdi == b->rdi &&
	       a->rbp == b->rbp && a->rsp == b->rsp && a->r8 == b->r8 && a->r9 == b->r9 &&
	       a->r10 == b->r10 && a->r12 == b->r12 && a->r13 == b->r13 && a->r14 == b->r14 &&
	       a->r15 == b->r15 && !((a->eflags ^ b->eflags) & flags);
}

struct run {
	uint64_t nr, args[6], flags;
	uint8_t code; /* enum ft_recorder_verdict */
	unsigned at; /* of the record in the area */
	int records; /* that there are afterwards */
	int64_t ret;
	uint64_t mask; /* the signal mask that the recorder believes in */
	bool no_room; /* for payload */
	bool traced; /* from ft_recorder_traced() on */
	uint64_t exit_ops; /* with these */
	/* What there was, by the way: */
	int faults, traps_before, traps_after;
	bool births; /* it may make a thread without a stop */
};

/* A stop of the child's that is not the step's end. False: it is no business of the recorder's. */
static inline bool served(pid_t pid, struct run *run, int sig)
{
	struct user_regs_struct regs;
	uint64_t on;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	if (sig == SIGSEGV && ft_recorder_fault(regs.rip, &on)) {
		run->faults++;
		regs.rip = on;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
		return true;
	}
	if (sig != SIGTRAP)
		return false;
	switch (ft_recorder_trap_at(regs.rip)) {
	case FT_TRAP_VERDICT:
		if (regs.rip == ft_recorder_pass() && run->code == FT_RECORDER_PASS)
			return true;
		run->traps_before++;
		regs.rip = ft_recorder_traced();
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
		return true;
	case FT_TRAP_EXIT:
		run->traps_after++;
		return true;
	default:
		return true;
	}
}

static inline struct ft_birth *birth(void)
{
	return (struct ft_birth *)((uint8_t *)area + FT_BIRTH_AT);
}

static inline void may_make_thread(void)
{
	birth()->args_at = FT_RECORDER_AREAS + FT_BIRTH_AT + offsetof(struct ft_birth, args);
	birth()->ready = birth()->args_at;
}

/* Steps through one call. Returns the number of steps. */
static inline int step_through(pid_t pid, struct run *run)
{
	const uint64_t back = 0x123456789000;
	struct user_regs_struct start, regs, undone;
	enum ft_progress last = FT_NOT_BEGUN;
	uint64_t red[RED], ret;
	int status, steps = 0;

	reset(run->at);
	area->mask = run->mask;
	if (!brief)
		area->exit_ops = run->exit_ops;
	if (run->no_room)
		area->strings_limit = 0;
	if (run->births)
		may_make_thread();
	memset(verdicts, FT_RECORDER_RECORD, FT_RECORDER_VERDICTS);
	verdicts[run->nr & 0xffff] = run->code;
	ptrace(PTRACE_GETREGS, pid, 0, &start);
	for (int i = 0; i < RED; i++) {
		red[i] = 0x1111111111111111ull * (unsigned)i;
		ptrace(PTRACE_POKEDATA, pid, start.rsp - 8 - 8 * (unsigned)i, red[i]);
	}
	start.rax = run->nr;
	start.orig_rax = -1;
	start.rdi = run->args[0];
	start.rsi = run->args[1];
	start.rdx = run->args[2];
	start.r10 = run->args[3];
	start.r8 = run->args[4];
	start.r9 = run->args[5];
	start.rbx = 0xb0b;
	start.r11 = back;
	start.eflags = (start.eflags & ~0xcd5ull) | run->flags;
	start.gs_base = FT_RECORDER_AREAS;
	start.rip = run->traced ? ft_recorder_traced() : ft_recorder_entry(false);
	if (run->traced)
		area->ret = back;
	ptrace(PTRACE_SETREGS, pid, 0, &start);
	for (regs = start; regs.rip != back; steps++) {
		struct ft_raw raw = record_at(area->cur);
		enum ft_progress now;

		undone = regs;
		now = ft_recorder_undo(&undone, area, &raw, &ret);
		CHECK(now != FT_OUTSIDE);
		CHECK(ret == back);
		CHECK(is_kept(&undone, &start));
		CHECK(now >= last || now == FT_PASSED);
		CHECK((int64_t)undone.rax == (now == FT_NOT_BEGUN ? (int64_t)run->nr : run->ret));
		last = now;
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
			!served(pid, run, WSTOPSIG(status))) {
			CHECK(!"the child steps");
			break;
		}
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		if (steps > 20000)
			break;
	}
	CHECK(regs.rip == back);
	CHECK(is_kept(&regs, &start));
	CHECK_EQ(regs.rax, run->ret);
	CHECK_EQ(regs.rcx, back);
	for (int i = 0; i < RED; i++)
		CHECK_EQ(ptrace(PTRACE_PEEKDATA, pid, start.rsp - 8 - 8 * (unsigned)i, 0), red[i]);
	return steps;
}

#endif
