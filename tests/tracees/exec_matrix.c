/* Execs itself in the ways there are: from fork and vfork children, by descriptor and as a script's interpreter, after
 * failures; what is blocked and ignored is so after it.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static char self[4096];
static char *script[] = { "exec_matrix", NULL };
static char *again[] = { "exec_matrix", "again", NULL };
static char *env[] = { "ONLY=1", NULL };
static char stack[65536] __attribute__((aligned(64)));

static int fails(void)
{
	static const struct {
		const char *path;
		int error;
	} bad[] = { { "/does/not/exist", ENOENT }, { "/", EACCES }, { "/dev/null/x", ENOTDIR },
		{ "/dev/null", EACCES }, { "", ENOENT }, { (char *)-1, EFAULT } };

	for (int i = 0; i < 60; i++)
		if (execve(bad[i % 6].path, again, env) != -1 || errno != bad[i % 6].error)
			return 100 + i % 6;
	return 0;
}

static int in_clone(void *arg)
{
	(void)arg;
	execve(self, again, env);
	return 1;
}

static int stage(int argc, char **argv)
{
	struct sigaction sa;
	sigset_t now;

	if (getppid() == 0 || getenv("PATH") || !getenv("ONLY"))
		return 50;
	if (!strcmp(argv[1], "script"))
		return argc == 3 ? 41 : 51;
	must(sigprocmask(SIG_BLOCK, NULL, &now));
	must(sigaction(SIGSYS, NULL, &sa));
	if (sigismember(&now, SIGSYS) != sigismember(&now, SIGTRAP))
		return 52;
	if (sigismember(&now, SIGSYS) != (sa.sa_handler == SIG_IGN))
		return 53;
	return sigismember(&now, SIGSYS) ? 43 : 42;
}

int main(int argc, char **argv)
{
	sigset_t traps;
	int fd[2];
	pid_t pid;

	if (argc > 1)
		return stage(argc, argv);
	must(readlink("/proc/self/exe", self, sizeof(self) - 1));
	must(dprintf(fd[0] = must(memfd_create("script", 0)), "#!%s script\n", self));
	must(dprintf(fd[1] = must(memfd_create("garbage", 0)), "garbage"));

	printf("fork %d\n", in_child(execve(self, again, env)));
	pid = vfork();
	if (!pid) {
		execve(self, again, env);
		_exit(1);
	}
	printf("vfork %d\n", end_of(pid));
	pid = vfork();
	if (!pid)
		_exit(fails());
	printf("vfork, failing %d\n", end_of(pid));
	printf("failing %d\n", fails());
	printf("then not %d\n", in_child(fails(); execve(self, again, env)));
	pid = must(clone(in_clone, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	printf("vm %d\n", end_of(pid));
	printf("in the child of a child %d\n", in_child(_exit(in_child(execve(self, again, env)))));
	printf("script %d\n", in_child(fexecve(fd[0], script, env)));
	printf("garbage %d\n", in_child(fexecve(fd[1], again, env); _exit(errno)));
	printf("fexecve %d\n", in_child(fexecve(must(open(self, O_PATH)), again, env)));
	printf("execveat %d\n",
		in_child(syscall(SYS_execveat, must(open("/", O_PATH)), self + 1, again, env, 0)));
	printf("closed %d\n", in_child(close(0); close(1); close(2); execve(self, again, env)));
	sigemptyset(&traps);
	sigaddset(&traps, SIGSYS);
	sigaddset(&traps, SIGTRAP);
	printf("blocked and ignored %d\n", in_child({
		signal(SIGSYS, SIG_IGN);
		must(sigprocmask(SIG_BLOCK, &traps, NULL));
		execve(self, again, env);
	}));
	return 0;
}
