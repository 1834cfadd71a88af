/* Writes to a pipe that nobody reads: dies of SIGPIPE, unless its caller had it ignored. */
#include "must.h"
#include <unistd.h>

int main(void)
{
	int fd[2];

	must(pipe(fd));
	close(fd[0]);
	return write(fd[1], "x", 1) == -1 ? 3 : 4;
}
