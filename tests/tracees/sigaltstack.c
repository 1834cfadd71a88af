/* A stack overflow, handled on another stack.
 * build: -O0 -Wno-infinite-recursion
 */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <unistd.h>

static char other[65536];

static void handler(int sig, siginfo_t *info, void *context)
{
	int here;

	(void)info;
	(void)context;
	_exit(sig == SIGSEGV && (char *)&here > other && (char *)&here < other + sizeof(other) ? 23
											       : 1);
}

static int overflow(volatile char *outer)
{
	volatile char page[4096];

	page[0] = outer ? outer[0] : 1;
	return overflow(page) + page[0];
}

int main(void)
{
	stack_t ss = { .ss_sp = other, .ss_size = sizeof(other) };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_ONSTACK | SA_SIGINFO };

	must(sigaltstack(&ss, NULL));
	must(sigaction(SIGSEGV, &sa, NULL));
	return overflow(NULL);
}
