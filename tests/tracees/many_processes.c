/* As many processes, one after the other, as its argument says.
 * args: 50
 */
#include "must.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 50;
	int ended = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = must(fork());
		int status;

		if (pid == 0)
			_exit(i % 100);
		must(waitpid(pid, &status, 0));
		ended += WEXITSTATUS(status) == i % 100;
	}
	printf("%d\n", ended);
	return 0;
}
