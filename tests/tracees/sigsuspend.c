/* sigsuspend: a signal that is blocked and pending comes in with the other mask, and the mask is back after. */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <signal.h>

static volatile sig_atomic_t got;

static void handler(int sig)
{
	got = sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t block, none, now;

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	must(sigaction(SIGUSR1, &sa, NULL));
	must(sigprocmask(SIG_BLOCK, &block, NULL));
	for (int i = 0; i < 5; i++) {
		raise(SIGUSR1);
		if (sigsuspend(&none) != -1 || errno != EINTR || got != SIGUSR1)
			return 1;
		got = 0;
	}
	must(sigprocmask(SIG_BLOCK, NULL, &now));
	printf("blocked again: %d\n", sigismember(&now, SIGUSR1));
	return 0;
}
