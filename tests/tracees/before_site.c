/* Instructions before a syscall that must run just once a call, under a storm of signals, or ("quiet") none.
 * args: 4000
 * arch: x86_64
 * oracle: no (timers)
 */
#define _GNU_SOURCE
#include "must.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

static volatile uint64_t begun, added, again;
static int marked __attribute__((used));
static volatile sig_atomic_t signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

/* getppid(2) by number 110; the moved one is `addl $1, 0(%rbx)` with a displacement of 4 bytes. */
static long call(void)
{
	long ret = 110;

	__asm__ volatile(".byte 0x83, 0x83, 0, 0, 0, 0, 1\n\tsyscall"
		: "+a"(ret)
		: "b"(&begun)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

/* The same behind a lea that is relative to rip and two short instructions: all three move. */
static long call_behind_three(void)
{
	long ret = 110;
	int *mark = NULL;

	__asm__ volatile(
		"lea marked(%%rip), %%rdi\n\taddl $1, (%%rbx)\n\taddl $1, (%%rsi)\n\tsyscall"
		: "+a"(ret), "+D"(mark)
		: "b"(&added), "S"(&again)
		: "rcx", "r11", "memory", "cc");
	return mark == &marked ? ret : -1;
}

int main(int argc, char **argv)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 97 } };
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
	bool quiet = argc > 2;
	int seen = -1;

	signal(SIGALRM, count);
	for (uint64_t i = 0; i < n; i++) {
		/* Once a round at most: else nothing but signals comes where they take longer than that. */
		if (!quiet && seen != signals) {
			seen = signals;
			must(setitimer(ITIMER_REAL, &soon, NULL));
		}
		if (must(call()) != must(call_behind_three()))
			return 1;
	}
	return begun != n || added != n || again != n;
}
