/* A command behind a wall of its own: from its execve on, and what cannot start there. */
#define _GNU_SOURCE
#include "spawned.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

/* Answers one call with an action and lets the rest pass. */
static struct sock_filter *answers(int nr, uint32_t action)
{
	static struct sock_filter code[4];
	const struct sock_filter made[4] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	memcpy(code, made, sizeof(code));
	return code;
}

static struct ft_command walled(char *const *argv, struct sock_filter *code, uint32_t flags)
{
	return (struct ft_command){ .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.stdio = { -1, -1, -1 },
		.seccomp = code,
		.seccomp_len = 4,
		.seccomp_flags = flags };
}

static char *const cd[] = { "/bin/sh", "-c", "cd / || exit 5", NULL };

static void test_wall(void)
{
	const uint32_t flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
			       SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	struct ft_command c = walled(cd, answers(SYS_chdir, SECCOMP_RET_ERRNO | EPERM), 0);

	CHECK(run(&c, NULL) != 0);
	c = walled(cd, answers(SYS_sethostname, SECCOMP_RET_ERRNO | EPERM), flags);
	CHECK_EQ(run(&c, NULL), 0);
	c = walled(cd, answers(SYS_chdir, SECCOMP_RET_KILL_PROCESS), 0);
	CHECK_EQ(WTERMSIG(run(&c, NULL)), SIGSYS);
	c = walled(cd, answers(SYS_chdir, SECCOMP_RET_TRAP), 0);
	CHECK_EQ(WTERMSIG(run(&c, NULL)), SIGSYS);
	/* The spawn's own chdir is before the wall. */
	c = walled((char *[]){ "/bin/sh", "-c", "exit 6", NULL },
		answers(SYS_chdir, SECCOMP_RET_KILL_PROCESS), 0);
	c.cwd = "/";
	CHECK_EQ(WEXITSTATUS(run(&c, NULL)), 6);
}

static void test_wall_refuses_start(void)
{
	struct ft_command c = walled(cd, answers(SYS_execve, SECCOMP_RET_ERRNO | EXDEV), 0);

	CHECK_EQ(WEXITSTATUS(run(&c, NULL)), 1);
	CHECK_EQ(last_gate.stage, FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, -EXDEV);
	c = walled(cd, answers(SYS_execve, SECCOMP_RET_KILL_PROCESS), 0);
	CHECK_EQ(WTERMSIG(run(&c, NULL)), SIGSYS);
	CHECK_EQ(last_gate.stage, FT_STAGE_EXEC);
	CHECK_EQ(last_gate.error, 0);
	c = walled(cd, answers(SYS_chdir, SECCOMP_RET_ALLOW), 1u << 31);
	CHECK_EQ(WEXITSTATUS(run(&c, NULL)), 1);
	CHECK_EQ(last_gate.stage, FT_STAGE_SECCOMP);
	CHECK_EQ(last_gate.error, -EINVAL);
}

static void become_shell(void)
{
	struct ft_command c = walled(cd, answers(SYS_chdir, SECCOMP_RET_KILL_PROCESS), 0);
	enum ft_stage stage;

	c.path = "/no/such/file";
	CHECK_EQ(ft_become(&c, &stage), -ENOENT);
	CHECK_EQ(stage, FT_STAGE_EXEC);
	c.seccomp_flags = 1u << 31;
	CHECK_EQ(ft_become(&c, &stage), -EINVAL);
	CHECK_EQ(stage, FT_STAGE_SECCOMP);
	if (check_failed)
		return;
	c.path = cd[0];
	c.seccomp_flags = 0;
	ft_become(&c, &stage);
}

/* valgrind does not. */
static int has_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ALLOW;

	return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

int main(void)
{
	if (!has_seccomp())
		return check_result();
	test_wall();
	test_wall_refuses_start();
	CHECK_EQ(WTERMSIG(in_child(become_shell)), SIGSYS);
	check_group(
		"a wall stands from the execve on, with its flags; what it refuses is told apart");
	return check_result();
}
