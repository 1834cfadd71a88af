/* A signal sent with a value arrives with it: nothing of its siginfo is lost on the way. */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <unistd.h>

static volatile int code, value, from;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	code = info->si_code;
	value = info->si_value.sival_int;
	from = info->si_pid == getpid();
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGRTMIN + 1, &sa, NULL));
	must(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 4711 }));
	printf("code %d value %d from itself %d\n", code, value, from);
	return 0;
}
