/* A 32-bit program: forks, calls and fails by the i386 table.
 * build: -m32
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status;
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(open("/does/not/exist", O_RDONLY) == -1 ? errno : 0);
	must(waitpid(pid, &status, 0));
	printf("errno %d, getpid %d\n", WEXITSTATUS(status), SYS_getpid);
	return 0;
}
