/* Children that are stopped as soon as they are born, while they may not have run yet.
 * args: 40
 * oracle: no (whether a child comes to its pause is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 40, status;

	for (int i = 0; i < n; i++) {
		pid_t child = must(fork());

		if (!child)
			for (;;)
				pause();
		must(kill(child, SIGSTOP));
		must(waitpid(child, &status, WUNTRACED));
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
			return 1;
		must(kill(child, SIGKILL));
		must(waitpid(child, &status, 0));
	}
	return 0;
}
