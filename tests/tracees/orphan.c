/* A child that outlives its parent: it writes only once the parent has gone. */
#include "must.h"
#include <unistd.h>

int main(void)
{
	int alive[2];
	char c;

	must(pipe(alive));
	if (must(fork()) > 0)
		return 21;
	close(alive[1]);
	must(read(alive[0], &c, 1));
	must(write(1, "orphan\n", 7));
	return 0;
}
