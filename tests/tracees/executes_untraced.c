/*
 * role: named
 *
 * A process whose memory, name and number a thread takes over that no tracer has (CLONE_UNTRACED): it executes a program, and
 * whoever traces the process is not told. Its maker waits for the program, or ends before; with "alone" it has none.
 */
#define _GNU_SOURCE
#include "must.h"
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK 65536

static int execute(void *program)
{
	usleep(300000);
	execl(program, program, "program", NULL);
	abort();
}

static void be_taken_over(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(clone(execute, stack + STACK,
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_UNTRACED,
		"/proc/self/exe"));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	bool stays = argc > 1 && !strcmp(argv[1], "stays");
	int status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "program"))
		return 5;
	if (argc > 1 && !strcmp(argv[1], "alone"))
		be_taken_over();
	pid = must(fork());
	if (!pid)
		be_taken_over();
	if (!stays)
		return 0;
	must(waitpid(pid, &status, 0));
	return WEXITSTATUS(status);
}
