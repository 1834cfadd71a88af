/* Runs its arguments, an enemy, beside a child that works until that has ended, and a while longer; says how both did.
 * args: true
 * role: enemy
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>

/* Births, an exec, files, a pipe: each needs a tracer that serves it. */
static void round_of_work(const char *words)
{
	int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC), ends[2];
	char text[16], child[8];

	expect(fd > 2 && read(fd, text, sizeof(text)) == 7 && !memcmp(text, "beside\n", 7));
	expect(!close(fd) && access("/does/not/exist", F_OK) == -1 && errno == ENOENT);
	expect(!pipe2(ends, O_CLOEXEC));
	expect(in_child(_exit(write(ends[1], words, 5) == 5 ? 42 : 1)) == 42);
	expect(read(ends[0], child, sizeof(child)) == 5 && !memcmp(child, words, 5));
	close(ends[0]);
	close(ends[1]);
	expect(in_child(execl("/bin/sh", "sh", "-c", "exit 7", NULL)) == 7);
}

static void work(int gate)
{
	struct pollfd ended = { .fd = gate, .events = POLLIN };

	for (int after = 0; after < 3; after += poll(&ended, 1, 0) != 0)
		round_of_work("words");
	_exit(0);
}

int main(int argc, char **argv)
{
	int gate[2], enemy, sibling;
	pid_t pid, worker;

	if (argc < 2 || pipe2(gate, O_CLOEXEC) < 0)
		return 2;
	worker = must(fork());
	if (!worker) {
		close(gate[1]);
		work(gate[0]);
	}
	pid = must(fork());
	if (!pid) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	enemy = end_of(pid);
	close(gate[1]);
	sibling = end_of(worker);
	printf("enemy %d sibling %d\n", enemy, sibling);
	return 0;
}
