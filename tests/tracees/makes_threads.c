/* Threads by clone and clone3 as glibc, musl and Go make them, and what a program may do before such a thread has begun:
 * argv[1] says what, all of it without one; argv[2]: how many times.
 * arch: x86_64
 * oracle: no (how often it waits is a matter of time)
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <asm/prctl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define GLIBC	  0x3d0f00ul
#define MUSL	  0x7d0f00ul
#define GO	  0x50f00ul
#define GO_WITH_C 0xd0f00ul
#define STACK	  65536ul
#define GETPPID	  3 /* calls of each thread */

static const uint64_t by_clone[] = { GLIBC, MUSL, GO, GO_WITH_C };

/* What a thread finds when it begins, and its maker behind the call. */
struct regs {
	uint64_t rbx, rdx, rsi, rdi, r8, r9, r10, r12, r13, r14, r15, flags;
};

struct thread {
	struct regs found;
	void (*body)(struct thread *);
	volatile int tid; /* 0: it has ended */
	char *stack;
	long on; /* whatever `body` wants */
};

static unsigned long tls(void)
{
	unsigned long fs;

	raw(SYS_arch_prctl, ARCH_GET_FS, &fs);
	return fs;
}

static __attribute__((noreturn, used)) void begins(struct thread *t)
{
	for (int i = 0; i < GETPPID; i++)
		raw(SYS_getppid);
	t->body(t);
	for (;;)
		raw(SYS_exit, 0);
}

#define KEEP(at)                                                                                   \
	"mov %%rbx, 0(" at ")\n mov %%rdx, 8(" at ")\n mov %%rsi, 16(" at ")\n"                    \
	"mov %%rdi, 24(" at ")\n mov %%r8, 32(" at ")\n mov %%r9, 40(" at ")\n"                    \
	"mov %%r10, 48(" at ")\n mov %%r12, 56(" at ")\n mov %%r13, 64(" at ")\n"                  \
	"mov %%r14, 72(" at ")\n mov %%r15, 80(" at ")\n"

/* With each register something of its own, and carry and overflow set. The child finds *t on its stack. */
static __attribute__((noinline)) long begin(
	long nr, uint64_t first, uint64_t second, uint64_t args[4], struct regs *after)
{
	register uint64_t rdx __asm__("rdx") = args[0];
	register uint64_t r10 __asm__("r10") = args[1];
	register uint64_t r8 __asm__("r8") = args[2];
	register uint64_t r9 __asm__("r9") = args[3];
	long ret = nr;

	__asm__ volatile(
		"push %%rbp\n push %%rbx\n mov %[after], %%rbp\n"
		"mov $0x7f, %%ecx\n add $1, %%cl\n stc\n"
		"mov $0xb, %%ebx\n mov $0xc, %%r12d\n mov $0xd, %%r13d\n mov $0xe, %%r14d\n"
		"mov $0xf, %%r15d\n"
		"syscall\n"
		"mov $0, %%ecx\n jrcxz 2f\n"
		"2: xchg %%rax, %%rcx\n jrcxz 1f\n xchg %%rax, %%rcx\n" KEEP(
			"%%rbp") "pushf\n popq 88(%%rbp)\n pop %%rbx\n pop %%rbp\n jmp 3f\n"
				 "1: mov (%%rsp), %%rbp\n" KEEP(
					 "%%rbp") "pushf\n popq 88(%%rbp)\n mov %%rbp, %%rdi\n xor "
						  "%%ebp, %%ebp\n and $-16, %%rsp\n"
						  "call begins\n 3:"
		: "+a"(ret), "+D"(first), "+S"(second), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
		: [after] "r"(after)
		: "rcx", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return ret;
}

static void prepare(struct thread *t, void (*body)(struct thread *))
{
	if (!t->stack)
		t->stack = must(mmap(
			NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	t->body = body;
	t->tid = -1;
	memcpy(t->stack + STACK - 64, &(void *){ t }, sizeof(void *));
}

/* As glibc does: by clone3, with the arguments on the stack. */
static long make(struct thread *t, void (*body)(struct thread *), int exit_signal)
{
	struct regs after, want;
	struct clone_args args = { .flags = GLIBC,
		.exit_signal = (uint64_t)exit_signal,
		.parent_tid = (uint64_t)&t->tid,
		.child_tid = (uint64_t)&t->tid,
		.stack = (uint64_t)t->stack,
		.stack_size = STACK - 64,
		.tls = tls() };
	uint64_t others[4] = { 0xd1, 0x10, 0x8, 0x9 };
	long ret;

	prepare(t, body);
	args.stack = (uint64_t)t->stack;
	ret = begin(SYS_clone3, (uint64_t)&args, sizeof(args), others, &after);
	want = (struct regs){ 0xb, 0xd1, sizeof(args), (uint64_t)&args, 0x8, 0x9, 0x10, 0xc, 0xd,
		0xe, 0xf, after.flags };
	expect(!memcmp(&after, &want, sizeof(want)) && (after.flags & 0x801) == 0x801);
	return ret;
}

static long make_by_clone(struct thread *t, void (*body)(struct thread *), uint64_t flags)
{
	uint64_t others[4] = { (uint64_t)&t->tid, (uint64_t)&t->tid, tls(), 0x9 };
	struct regs after, want;
	uint64_t stack;
	long ret;

	prepare(t, body);
	stack = (uint64_t)t->stack + STACK - 64;
	ret = begin(SYS_clone, flags, stack, others, &after);
	want = (struct regs){ 0xb, others[0], stack, flags, others[2], 0x9, others[1], 0xc, 0xd,
		0xe, 0xf, after.flags };
	expect(!memcmp(&after, &want, sizeof(want)) && (after.flags & 0x801) == 0x801);
	return ret;
}

static void join(struct thread *t)
{
	for (int tid; (tid = t->tid);)
		raw(SYS_futex, &t->tid, FUTEX_WAIT, tid, NULL);
}

static void nothing(struct thread *t)
{
	(void)t;
}

/* What is not told of its end: by CHILD_CLEARTID. */
static void says(struct thread *t)
{
	__atomic_store_n(&t->tid, 0, __ATOMIC_RELEASE);
	raw(SYS_futex, &t->tid, FUTEX_WAKE, 1);
}

static struct thread threads[64];

static void keeps_registers(int n)
{
	struct thread *t = &threads[0];

	for (int i = 0; i < n; i++) {
		struct regs want;

		expect(make(t, nothing, 0) > 0);
		join(t);
		want = (struct regs){ 0xb, 0xd1, sizeof(struct clone_args), t->found.rdi, 0x8, 0x9,
			0x10, 0xc, 0xd, 0xe, 0xf, t->found.flags };
		expect(!memcmp(&t->found, &want, sizeof(want)) &&
			(t->found.flags & 0x801) == 0x801);
		expect(t->found.rdi - (uint64_t)&want < STACK ||
			(uint64_t)&want - t->found.rdi < STACK);
		for (size_t k = 0; k < sizeof(by_clone) / sizeof(by_clone[0]); k++) {
			bool clears = by_clone[k] & CLONE_CHILD_CLEARTID;

			expect(make_by_clone(t, clears ? nothing : says, by_clone[k]) > 0);
			join(t);
			expect(t->found.rdi == by_clone[k] && t->found.r9 == 0x9 &&
				t->found.rsi == (uint64_t)t->stack + STACK - 64 &&
				(t->found.flags & 0x801) == 0x801);
			if (!clears)
				t->stack = NULL; /* it may still be on that */
		}
	}
}

/* A thread has no signal for its end, and arguments have to be somewhere. */
static void fails(int n)
{
	for (int i = 0; i < n; i++) {
		expect(make(&threads[0], nothing, SIGCHLD) == -EINVAL);
		expect(raw(SYS_clone3, 8, sizeof(struct clone_args)) == -EFAULT);
		expect(make(&threads[0], nothing, 0) > 0);
		join(&threads[0]);
	}
}

/* Each makes the next one, and ends. */
static void hands_on(struct thread *t)
{
	if (t->on <= 0)
		return;
	t[1].on = t->on - 1;
	expect(make(&t[1], hands_on, 0) > 0);
}

static void chain(int n)
{
	int length = n < 60 ? n : 60;

	for (int i = 0; i < 3; i++) {
		threads[0].on = length;
		hands_on(&threads[0]);
		for (int k = 1; k <= length; k++)
			join(&threads[k]);
	}
}

static void ends_all(struct thread *t)
{
	raw(SYS_exit_group, t->on);
}

/* The first thread ends before those that it has made have begun. */
static void without_leader(int n)
{
	for (int i = 0; i < n; i++)
		expect(in_child({
			threads[0].on = 9;
			expect(make(&threads[0], ends_all, 0) > 0);
			raw(SYS_exit, 3);
		}) == 9);
}

static volatile sig_atomic_t handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void waits_for_signal(struct thread *t)
{
	while (handled < t->on)
		raw(SYS_getppid);
}

/* At its first instruction, nearly. */
static void signals(int n)
{
	struct sigaction sa = { .sa_handler = handler };

	must(sigaction(SIGUSR1, &sa, NULL));
	for (int i = 0; i < n; i++) {
		threads[0].on = i + 1;
		expect(make(&threads[0], waits_for_signal, 0) > 0);
		expect(!raw(SYS_tgkill, getpid(), threads[0].tid, SIGUSR1));
		join(&threads[0]);
	}
	expect(handled == n);
}

static void execs(int n)
{
	for (int i = 0; i < n; i++)
		expect(in_child({
			expect(make(&threads[0], nothing, 0) > 0);
			expect(make(&threads[1], nothing, 0) > 0);
			execl("/proc/self/exe", "makes_threads", "seven", NULL);
		}) == 7);
}

static void exits(int n)
{
	for (int i = 0; i < n; i++)
		expect(in_child({
			expect(make(&threads[0], nothing, 0) > 0);
			expect(make(&threads[1], nothing, 0) > 0);
			raw(SYS_exit_group, 8);
		}) == 8);
}

static void forks(int n)
{
	for (volatile int i = 0; i < n; i++) {
		pid_t pid;

		expect(make(&threads[0], nothing, 0) > 0);
		expect(in_child(_exit(5)) == 5);
		expect(make(&threads[1], nothing, 0) > 0);
		pid = vfork();
		if (!pid)
			_exit(6);
		expect(end_of(pid) == 6);
		join(&threads[0]);
		join(&threads[1]);
	}
}

/* By the interface of 32-bit programs, which ends recording inline. */
static void leaves(int n)
{
	for (int i = 0; i < n; i++)
		expect(in_child({
			long pid;

			for (int k = 0; k < 4; k++)
				expect(make(&threads[k], nothing, 0) > 0);
			__asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory");
			expect(pid == getpid());
			for (int k = 0; k < 4; k++)
				join(&threads[k]);
		}) == 0);
}

static void is_filtered(struct thread *t)
{
	while (!t->on)
		raw(SYS_getppid);
	expect(raw(SYS_nfsservctl) == -EDOM);
}

/* A filter for all threads, also for one that has not begun. */
static void filters(int n)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_nfsservctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	for (int i = 0; i < n; i++)
		expect(in_child({
			threads[1].on = 0; /* perhaps by another way to make them */
			must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
			for (int k = 0; k < 2; k++)
				expect(make(&threads[k], k ? is_filtered : nothing, 0) > 0);
			expect(!raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
				&program));
			threads[1].on = 1;
			expect(make_by_clone(&threads[2], nothing, GLIBC) > 0);
			for (int k = 0; k < 3; k++)
				join(&threads[k]);
		}) == 0);
}

/* More than wait for each other. */
static void at_once(int n)
{
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 64; k++)
			expect(make(&threads[k], nothing, 0) > 0);
		for (int k = 0; k < 64; k++)
			join(&threads[k]);
	}
}

static const struct {
	const char *name;
	void (*run)(int n);
} ways[] = {
	{ "registers", keeps_registers },
	{ "fails", fails },
	{ "chain", chain },
	{ "leader", without_leader },
	{ "signals", signals },
	{ "execs", execs },
	{ "exits", exits },
	{ "forks", forks },
	{ "leaves", leaves },
	{ "filters", filters },
	{ "at_once", at_once },
};

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 3;

	if (argc > 1 && !strcmp(argv[1], "seven"))
		return 7;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc < 2 || !strcmp(argv[1], ways[i].name))
			ways[i].run(n);
	return 0;
}
