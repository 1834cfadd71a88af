/* The child between clone and execve: stdio, mask, dispositions, descriptors, and how it fails. */
#define _GNU_SOURCE
#include "spawned.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define TRACEE(name) TRACEES name

static char output[65536]; /* of the last command */

/* Runs argv[0]; its standard output goes to `output`. */
static int run_unblocked(
	char *const *argv, uint64_t default_signals, const sigset_t *mask, uint64_t unblocked)
{
	struct ft_command c = { .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.default_signals = default_signals,
		.unblocked_signals = unblocked };
	size_t done = 0;
	int fd[2], status;
	ssize_t n;

	if (pipe2(fd, O_CLOEXEC) < 0)
		abort();
	c.stdio[0] = c.stdio[2] = -1;
	c.stdio[1] = fd[1];
	status = run(&c, mask);
	close(fd[1]);
	while ((n = read(fd[0], output + done, sizeof(output) - 1 - done)) > 0)
		done += (size_t)n;
	output[done] = 0;
	close(fd[0]);
	return status;
}

static int run_piped(char *const *argv, uint64_t default_signals, const sigset_t *mask)
{
	return run_unblocked(argv, default_signals, mask, 0);
}

static void test_stdio(void)
{
	char *echo[] = { "/bin/sh", "-c", "read x; echo out $x; echo err >&2", NULL };
	struct ft_command c = { .path = echo[0], .argv = echo, .envp = (char *[]){ NULL } };
	int in[2], out[2], err[2];
	char buf[64] = "";

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		abort();
	CHECK_EQ(write(in[1], "word\n", 5), 5);
	c.stdio[0] = in[0];
	c.stdio[1] = out[1];
	c.stdio[2] = err[1];
	CHECK_EQ(run(&c, NULL), 0);
	CHECK_EQ(read(out[0], buf, sizeof(buf)), 9);
	CHECK(!memcmp(buf, "out word\n", 9));
	CHECK_EQ(read(err[0], buf, sizeof(buf)), 4);
	CHECK(!memcmp(buf, "err\n", 4));
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
		close(err[i]);
	}
}

static int closed_stdio(int fd0, int fd1, int fd2)
{
	char *argv[] = { TRACEE("closed_stdio"), NULL };
	struct ft_command c = { .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.stdio = { fd0, fd1, fd2 } };

	return WEXITSTATUS(run(&c, NULL));
}

static void test_closed(void)
{
	CHECK_EQ(closed_stdio(-1, -1, -1), 7);
	close(0);
	CHECK_EQ(closed_stdio(-1, -1, -1), 6);
	CHECK_EQ(closed_stdio(2, -1, -1), 7);
	close(1);
	CHECK_EQ(closed_stdio(-1, -1, -1), 4);
	CHECK_EQ(closed_stdio(-1, 2, -1), 6);
}

/* All of 0 to 2 become each other. */
static void test_swapped(void)
{
	char *argv[] = { "/bin/sh", "-c", "read x <&1; echo $x >&2; echo in >&0", NULL };
	struct ft_command c = {
		.path = argv[0], .argv = argv, .envp = (char *[]){ NULL }, .stdio = { 2, 0, 1 }
	};
	int in[2], out[2], err[2];
	char buf[64];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		abort();
	CHECK_EQ(write(in[1], "word\n", 5), 5);
	dup2(in[0], 0);
	dup2(out[1], 1);
	dup2(err[1], 2);
	CHECK_EQ(run(&c, NULL), 0);
	CHECK_EQ(read(out[0], buf, sizeof(buf)), 5);
	CHECK_EQ(read(err[0], buf, sizeof(buf)), 3);
	CHECK(!memcmp(buf, "in\n", 3));
}

/* A close-on-exec descriptor that is in its place already. */
static void test_in_place(void)
{
	fcntl(0, F_SETFD, FD_CLOEXEC);
	fcntl(1, F_SETFD, FD_CLOEXEC);
	fcntl(2, F_SETFD, FD_CLOEXEC);
	CHECK_EQ(closed_stdio(0, 1, 2), 7);
	CHECK_EQ(closed_stdio(0, -1, -1), 1);
	CHECK_EQ(fcntl(0, F_GETFD), FD_CLOEXEC); /* ours are as they were */
}

static uint64_t field(const char *key)
{
	const char *at = strstr(output, key);

	return at ? strtoull(at + strlen(key) + 1, NULL, 16) : UINT64_MAX;
}

static void on_signal(int sig)
{
	(void)sig;
}

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

/* The tests' caller may have signals 32 and 33 ignored (glibc's posix_spawn does). */
static void test_signals(void)
{
	char *argv[] = { TRACEE("inherited"), NULL };
	uint64_t ignored;
	sigset_t mask;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigemptyset(&mask);
	CHECK_EQ(run_piped(argv, 0, &mask), 0);
	ignored = field("SigIgn:");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	signal(SIGUSR1, on_signal);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGRTMAX);
	CHECK_EQ(run_piped(argv, bit(SIGPIPE), &mask), 0);
	CHECK_EQ(field("SigIgn:"), ignored | bit(SIGHUP) | bit(SIGRTMIN + 3));
	CHECK_EQ(field("SigCgt:"), 0);
	CHECK_EQ(field("SigBlk:"), bit(SIGTERM) | bit(SIGRTMAX));
	CHECK(!strstr(output, "NoNewPrivs:\t1"));
	CHECK_EQ(run_unblocked(argv, 0, &mask, bit(SIGTERM) | bit(SIGINT)), 0);
	CHECK_EQ(field("SigBlk:"), bit(SIGRTMAX));
	sigemptyset(&mask);
	CHECK_EQ(run_piped(argv, 0, &mask), 0);
	CHECK_EQ(field("SigIgn:"), ignored | bit(SIGPIPE) | bit(SIGHUP) | bit(SIGRTMIN + 3));
	CHECK_EQ(field("SigBlk:"), 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static void test_descriptors(void)
{
	char *list[] = { "/bin/sh", "-c", "for f in /proc/$$/fd/*; do echo fd ${f##*/}; done",
		NULL };
	int kept = fcntl(2, F_DUPFD, 200); /* inherited, as subprocess's pass_fds */
	int hidden = fcntl(2, F_DUPFD_CLOEXEC, 201);

	CHECK_EQ(run_piped(list, 0, NULL), 0);
	CHECK(strstr(output, "fd 200\n") != NULL);
	CHECK(strstr(output, "fd 201\n") == NULL);
	close(kept);
	close(hidden);
}

static int fails(const char *path, const char *cwd, int fd)
{
	char *argv[] = { "x", NULL };
	struct ft_command c = { .path = path,
		.argv = argv,
		.envp = (char *[]){ NULL },
		.cwd = cwd,
		.stdio = { fd, -1, -1 } };

	CHECK_EQ(WEXITSTATUS(run(&c, NULL)), 1);
	return (int)last_gate.stage;
}

static void test_failures(void)
{
	CHECK_EQ(fails("/no/such/file", NULL, -1), FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, -ENOENT);
	CHECK(last_gate.exec_ns != 0);
	CHECK_EQ(fails("/", NULL, -1), FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, -EACCES);
	CHECK_EQ(fails("/etc/passwd", NULL, -1), FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, -EACCES);
	CHECK_EQ(fails("/bin/true/x", NULL, -1), FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, -ENOTDIR);
	CHECK_EQ(fails("/bin/true", "/no/such/folder", -1), FT_STAGE_CWD);
	CHECK_EQ(last_gate.error, -ENOENT);
	CHECK_EQ(fails("/bin/true", "/etc/passwd", -1), FT_STAGE_CWD);
	CHECK_EQ(last_gate.error, -ENOTDIR);
	CHECK_EQ(fails("/bin/true", NULL, 999), FT_STAGE_STDIO);
	CHECK_EQ(last_gate.error, -EBADF);
}

static void test_cwd_and_names(void)
{
	char *argv[] = { "another name", "-c", "echo $0; pwd; echo $WORD", NULL };
	struct ft_command c = { .path = "/bin/sh",
		.argv = argv,
		.envp = (char *[]){ "WORD=word", NULL },
		.cwd = "/proc" };
	char buf[64] = "";
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		abort();
	c.stdio[0] = c.stdio[2] = -1;
	c.stdio[1] = fd[1];
	CHECK_EQ(run(&c, NULL), 0);
	CHECK(read(fd[0], buf, sizeof(buf) - 1) > 0);
	CHECK(!strcmp(buf, "another name\n/proc\nword\n"));
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	test_stdio();
	CHECK_EQ(in_child(test_closed), 0);
	CHECK_EQ(in_child(test_swapped), 0);
	CHECK_EQ(in_child(test_in_place), 0);
	check_group("descriptors 0 to 2 are what was asked for, closed ones stay closed");
	test_signals();
	check_group("mask and ignored signals as our caller had them, no handlers");
	test_descriptors();
	check_group("what is close-on-exec stays here, what is not goes along");
	test_failures();
	check_group("failures tell stage and errno");
	test_cwd_and_names();
	check_group("directory, argv[0] and environment");
	return check_result();
}
