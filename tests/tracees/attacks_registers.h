/* For attacks.c: on registers that a tracer relies on, and jumps to where only it should be. */
#ifndef ATTACKS_REGISTERS_H
#define ATTACKS_REGISTERS_H

#include <immintrin.h>
#include <sys/rseq.h>
#include <ucontext.h>

#include "attack.h"

/* Those of all threads. */
static uint64_t gs_seen[64];
static unsigned gs_count;

static void swap_gs(void)
{
	uint64_t own = _readgsbase_u64();

	gs_seen[__atomic_fetch_add(&gs_count, 1, __ATOMIC_RELAXED) % 64] = own;
	_writegsbase_u64(
		(uint64_t)one_of(gs_seen[below(64)], own + 0x140000, own - 0x140000, own ^ 8, own));
	for (int i = 0; i < 20; i++)
		getppid();
	if (below(2))
		_writegsbase_u64(own);
}

static void lose_gs(void)
{
	_writegsbase_u64((uint64_t)one_of(0, 1, -1, 0x7e9000000000, 0x7e9010000000, any() >> 17,
		(long)page(PROT_READ), 0xffff800000000000));
	for (int i = 0; i < 20; i++)
		getppid();
}

/* By raw calls alone: libc's errno is behind fs. */
static void odd_fs(void)
{
	uint64_t own = _readfsbase_u64();

	_writefsbase_u64((uint64_t)one_of(0xffff800000000000, 0, 0x7e9010000000));
	raw(SYS_getppid);
	raw(SYS_sched_yield);
	raw(SYS_close, -1);
	_writefsbase_u64(own);
}

static void odd_selectors(void)
{
	__asm__ volatile("mov %w0, %%es\n mov %w0, %%ds" ::"r"((int)one_of(0, 1, 3, 0x2b)));
	raw(SYS_getppid);
	raw(SYS_getuid);
}

/* Nothing says that a call needs a stack. */
static void odd_stack(void)
{
	long to = one_of(0, 8, -8, 0x800000000000, (long)page(PROT_READ),
		(long)page(PROT_READ | PROT_WRITE));
	long nr = one_of(SYS_getppid, SYS_sched_yield, SYS_gettid);

	__asm__ volatile("mov %%rsp, %%r15\n mov %0, %%rsp\n mov %1, %%rax\n syscall\n"
			 " mov $102, %%eax\n syscall\n mov %%r15, %%rsp"
		:
		: "r"(to), "r"(nr)
		: "rax", "rcx", "r11", "r15", "memory");
}

static volatile uint64_t jump_to;

static void jumps(int sig, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	greg_t *g = c->uc_mcontext.gregs;

	(void)info;
	signal(sig, SIG_DFL);
	g[REG_RIP] = (greg_t)jump_to;
	g[REG_RAX] = one_of(g[REG_RAX], SYS_getppid, SYS_fork, SYS_rt_sigreturn, 1 << 20 | any());
	g[REG_RCX] = one_of(g[REG_RCX], 0, jump_to, any());
	g[REG_R11] = one_of(g[REG_R11], 0x202, jump_to, any());
	if (below(2))
		g[REG_EFL] ^= one_of(0x100, 0x400, 0x40000); /* TF, DF, AC */
	*(uint64_t *)&c->uc_sigmask = (uint64_t)one_of(0, *(uint64_t *)&c->uc_sigmask, -1, any());
}

/* Returns from a signal into the tracer's code, with registers of all kinds. */
static void forge_frame(void)
{
	struct sigaction sa = { .sa_sigaction = jumps, .sa_flags = SA_SIGINFO };
	struct region r;

	if (!foreign_region(&r))
		return;
	jump_to =
		(uint64_t)one_of(r.start + below(4096), place_in(&r), 0x7e9000000000 + below(4096));
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
}

/* The kernel moves whoever is interrupted there to a place of the program's. */
static void restartable(void)
{
	static __thread struct rseq_cs section;
	struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	section.start_ip = 0x7e9000000000;
	section.post_commit_offset = 4096;
	section.abort_ip = (uint64_t)one_of((long)page(PROT_READ), 0x7e9000000000, 0);
	area->rseq_cs = (uint64_t)&section;
	for (int i = 0; i < 50; i++)
		sched_yield();
	area->rseq_cs = 0;
}

static void other_abi(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory");
}

#endif
