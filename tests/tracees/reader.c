/* Reads stdin to its end in one thread.
 * role: attach
 */
#include "must.h"
#include <unistd.h>

int main(void)
{
	char buf[64];
	ssize_t n;

	must(write(1, "ready\n", 6));
	while ((n = must(read(0, buf, sizeof(buf)))) > 0)
		must(write(1, buf, n));
	return 0;
}
