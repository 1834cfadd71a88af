/* Waits for a line, then handles signals in one of some ways, makes threads, or calls from code that it has made, at one
 * site or each time at another: argv[1]; argv[2]: how many.
 * role: named
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static char *volatile guarded; /* a page that nobody may read */
static sigjmp_buf back;

static void counts(int sig)
{
	(void)sig;
	handled++;
}

/* What stands behind the faulting load goes on, as in a runtime that makes an exception of it. */
static void skips(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	if (info->si_addr != guarded)
		abort();
	uc->uc_mcontext.gregs[REG_RIP] += 2; /* mov (%rax), %cl */
	handled++;
}

static void nests(int sig)
{
	if (++handled % 2)
		raise(sig);
}

static void jumps(int sig)
{
	(void)sig;
	handled++;
	siglongjmp(back, 1);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	must(sigaction(sig, &sa, NULL));
}

static void faults(int n)
{
	struct sigaction sa = { .sa_sigaction = skips, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGSEGV, &sa, NULL));
	guarded = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while (handled < n)
		__asm__ volatile("mov (%%rax), %%cl" : : "a"(guarded) : "rcx", "memory");
}

static void raises(int n, int flags)
{
	handle(SIGUSR1, counts, flags);
	while (handled < n)
		raise(SIGUSR1);
}

static void on_another_stack(int n)
{
	stack_t ss = { .ss_size = 65536, .ss_sp = must(malloc(65536)) };

	must(sigaltstack(&ss, NULL));
	raises(n, SA_ONSTACK);
}

/* A timer's come when they will: while the program is in a call, in the recorder, or in neither. */
static void timed(int n)
{
	struct itimerval each = { { 0, 300 }, { 0, 300 } };

	handle(SIGALRM, counts, SA_RESTART);
	must(setitimer(ITIMER_REAL, &each, NULL));
	while (handled < n)
		getppid();
	must(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL));
}

static void out_of_the_handler(int n)
{
	handle(SIGUSR1, jumps, 0);
	sigsetjmp(back, 1);
	if (handled < n)
		raise(SIGUSR1);
}

static void *ends(void *arg)
{
	return arg;
}

static void threads(int n)
{
	for (int i = 0; i < n; i++) {
		pthread_t t;

		must_zero(pthread_create(&t, NULL, ends, NULL));
		must_zero(pthread_join(t, NULL));
	}
}

/* mov $110, %eax; syscall; ret: getppid(2), from memory that is no file's, so its sites stay as they are. */
static void calls_from_memory(int n, bool each_another)
{
	static const char code[] = "\xb8\x6e\x00\x00\x00\x0f\x05\xc3";
	const size_t size = sizeof(code) - 1;
	char *at = mmap(NULL, size * (size_t)n, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < n; i++)
		memcpy(at + size * (size_t)i, code, size);
	for (int i = 0; i < n; i++)
		must(((long (*)(void))(at + (each_another ? size * (size_t)i : 0)))());
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 1;
	const char *how = argc > 1 ? argv[1] : "raised";
	char line;

	must(read(0, &line, 1));
	if (!strcmp(how, "raised"))
		raises(n, 0);
	else if (!strcmp(how, "nodefer"))
		raises(n, SA_NODEFER);
	else if (!strcmp(how, "stack"))
		on_another_stack(n);
	else if (!strcmp(how, "faults"))
		faults(n);
	else if (!strcmp(how, "nested"))
		handle(SIGUSR1, nests, SA_NODEFER);
	else if (!strcmp(how, "jumps"))
		out_of_the_handler(n);
	else if (!strcmp(how, "timed"))
		timed(n);
	else if (!strcmp(how, "threads"))
		threads(n);
	else if (!strcmp(how, "site") || !strcmp(how, "sites"))
		calls_from_memory(n, how[4]);
	else
		return 2;
	while (!strcmp(how, "nested") && handled < n)
		raise(SIGUSR1);
	return 0;
}
