/* As many children as its argument says, all alive at the same time.
 * args: 60
 */
#include "must.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	int count = argc > 1 ? atoi(argv[1]) : 1, all_there[2];
	char c;

	must(pipe(all_there));
	for (int i = 0; i < count; i++)
		if (!must(fork())) {
			must(close(all_there[1]));
			must(getppid());
			_exit(read(all_there[0], &c, 1) != 0);
		}
	must(close(all_there[1]));
	for (int i = 0; i < count; i++) {
		int status;

		must(wait(&status));
		if (status)
			return 1;
	}
	return 0;
}
