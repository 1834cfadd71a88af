/* Waits in vfork(2) for a child that reads stdin to its end: until then no signal or interrupt is heard.
 * role: attach
 */
#define _GNU_SOURCE
#include "expect.h"

int main(void)
{
	pid_t pid = must(vfork());

	if (!pid) {
		char c;

		must(write(1, "ready\n", 6));
		while (must(read(0, &c, 1)) > 0)
			continue;
		_exit(7);
	}
	return end_of(pid);
}
