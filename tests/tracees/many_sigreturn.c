/* 2000 signals raised by the program itself, with full masks, nested, with SA_NODEFER and on another stack in turn. */
#define _GNU_SOURCE
#include "expect.h"
#include <signal.h>
#include <stdbool.h>

#define ROUNDS 500

static char other[65536];
static volatile int count[3], deep, on_other;
static volatile bool onstack;

static bool is_on_other(const char *here)
{
	return here > other && here < other + sizeof(other);
}

static void inner(int sig)
{
	char here;

	expect(is_on_other(&here) == onstack);
	count[1] += sig == SIGUSR2;
}

static void masked(int sig)
{
	char here;
	sigset_t now;

	expect(is_on_other(&here) == onstack);
	must(sigprocmask(SIG_BLOCK, NULL, &now));
	expect(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
	raise(SIGUSR2); /* comes when we are back */
	expect(count[1] == count[0]);
	count[0] += sig == SIGUSR1;
	on_other += is_on_other(&here);
}

static void nests(int sig)
{
	int at = deep++;

	if (at < 3)
		raise(sig);
	count[2]++;
	deep--;
	expect(deep == at);
}

int main(void)
{
	stack_t ss = { .ss_sp = other, .ss_size = sizeof(other) };

	must(sigaltstack(&ss, NULL));
	for (int round = 0; round < ROUNDS; round++) {
		struct sigaction sa = { .sa_handler = masked };

		onstack = round % 2;
		sa.sa_flags = onstack ? SA_ONSTACK : 0;
		sigfillset(&sa.sa_mask);
		must(sigaction(SIGUSR1, &sa, NULL));
		sa.sa_handler = inner;
		must(sigaction(SIGUSR2, &sa, NULL));
		raise(SIGUSR1);
		expect(count[0] == round + 1 && count[1] == round + 1);
		if (round % 4 == 0) {
			sa.sa_handler = nests;
			sa.sa_flags |= SA_NODEFER;
			sigemptyset(&sa.sa_mask);
			must(sigaction(SIGRTMIN, &sa, NULL));
			raise(SIGRTMIN);
			raise(SIGRTMIN);
		}
	}
	printf("masked %d inner %d nested %d, on the other stack %d\n", count[0], count[1],
		count[2], on_other);
	return 0;
}
