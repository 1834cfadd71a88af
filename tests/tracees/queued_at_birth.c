/* Signals with values are sent to children that have just been made: each must come, those of a number in order. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 40
#define EACH   10

static volatile int next[2], bad;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	bad |= info->si_value.sival_int != next[sig - SIGRTMIN]++;
}

static int child(void)
{
	sigset_t none;

	sigemptyset(&none);
	while (next[0] < EACH || next[1] < EACH)
		sigsuspend(&none);
	return bad;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigset_t both, old;

	sigemptyset(&both);
	for (int i = 0; i < 2; i++) {
		sigaction(SIGRTMIN + i, &action, NULL);
		sigaddset(&both, SIGRTMIN + i);
	}
	for (int round = 0; round < ROUNDS; round++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			/* Else one might come between the last look and the sleep. */
			sigprocmask(SIG_BLOCK, &both, &old);
			_exit(child());
		}
		for (int i = 0; i < 2 * EACH; i++)
			if (sigqueue(pid, SIGRTMIN + i % 2, (union sigval){ .sival_int = i / 2 }))
				abort();
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}
