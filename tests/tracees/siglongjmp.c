/* Leaves signal handlers by siglongjmp, over blocked calls, so that rt_sigreturn never comes. */
#define _GNU_SOURCE
#include "must.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;

static void handler(int sig)
{
	siglongjmp(back, sig);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	volatile int jumps = 0;

	must(sigaction(SIGUSR1, &sa, NULL));
	for (volatile int i = 0; i < 10; i++) {
		if (sigsetjmp(back, 1) == SIGUSR1)
			jumps++;
		else
			raise(SIGUSR1);
	}
	printf("jumps %d\n", jumps);
	return 0;
}
