/* A daemon: double fork and setsid; it writes once the process that was started has gone. */
#include "must.h"
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int alive[2];
	pid_t pid;
	char c;

	must(pipe(alive));
	pid = must(fork());
	if (pid > 0) {
		must(waitpid(pid, NULL, 0));
		return 0;
	}
	close(alive[1]);
	must(setsid());
	if (must(fork()) > 0)
		_exit(0);
	must(read(alive[0], &c, 1));
	must(write(1, getsid(0) == getpid() ? "leader\n" : "daemon\n", 7));
	return 0;
}
