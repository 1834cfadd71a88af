/* A binary tree of processes as deep as its argument says; the status of each is the sum of its children's, and one.
 * args: 5
 */
#include "must.h"
#include <sys/wait.h>
#include <unistd.h>

static int grow(int depth)
{
	int sum = 1, status;

	if (depth == 0)
		return 1;
	for (int i = 0; i < 2; i++)
		if (must(fork()) == 0)
			_exit(grow(depth - 1));
	for (int i = 0; i < 2; i++) {
		must(wait(&status));
		sum += WEXITSTATUS(status);
	}
	return sum;
}

int main(int argc, char **argv)
{
	printf("%d\n", grow(argc > 1 ? atoi(argv[1]) : 5));
	return 0;
}
