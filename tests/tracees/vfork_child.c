/* A child that has its parent's memory, until stdin ends; then it executes another program, and its parent runs on.
 * role: attach
 * oracle: no (waits for its stdin)
 */
#define _GNU_SOURCE
#include "must.h"
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status, wrong = 0;
	pid_t child = vfork();
	char c;

	if (!child) {
		write(1, "ready\n", 6);
		while (read(0, &c, 1) > 0)
			;
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	must(child);
	must(waitpid(child, &status, 0));
	for (int i = 0; i < 1000; i++)
		wrong += syscall(SYS_gettid) != getpid();
	printf("wrong: %d, child: %d\n", wrong, status);
	return 0;
}
