/* Takes its tracer's descriptors away by prlimit(2), then makes children; argument: a file for what they are traced by.
 * role: enemy
 */
#define _GNU_SOURCE
#include "expect.h"
#include "tracer.h"
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
	const struct rlimit none = { 3, 3 };
	int to = must(open(argv[argc - 1], O_WRONLY | O_APPEND | O_CREAT, 0666));

	must(prlimit(tracer(), RLIMIT_NOFILE, &none, NULL));
	for (int i = 0; i < 3; i++) {
		pid_t pid = must(fork());

		if (!pid) {
			dprintf(to, "%s\n", tracer() ? "traced" : "escaped");
			_exit(0);
		}
		must(waitpid(pid, NULL, 0));
	}
	return 0;
}
