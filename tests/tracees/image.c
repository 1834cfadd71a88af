/* Shows the name and the arguments that /proc has for it, as they are.
 */
#include "must.h"

#include <fcntl.h>
#include <unistd.h>

static void show(const char *path)
{
	int fd = open(path, O_RDONLY);
	char part[4096];
	ssize_t n;

	must(fd >= 0 ? 0 : -1);
	while ((n = read(fd, part, sizeof(part))) > 0)
		must(write(1, part, (size_t)n));
	close(fd);
}

int main(void)
{
	show("/proc/self/comm");
	show("/proc/self/cmdline");
	return 0;
}
