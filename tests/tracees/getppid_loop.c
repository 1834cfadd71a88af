/* Calls getppid as often as its argument says.
 * args: 1000
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

	while (n--)
		syscall(SYS_getppid);
	return 0;
}
