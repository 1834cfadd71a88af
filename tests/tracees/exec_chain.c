/* Execs itself as often as its argument says, then something that does not exist, and ends with the errno.
 * args: 10
 */
#include "must.h"
#include <errno.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int left = argc > 1 ? atoi(argv[1]) : 10;
	char next[16];

	snprintf(next, sizeof(next), "%d", left - 1);
	if (left > 0)
		execl("/proc/self/exe", "exec_chain", next, NULL);
	execl("/does/not/exist", "x", NULL);
	return errno;
}
