/* Sessions that attach to a process and let go of it again. */
#define _GNU_SOURCE
#include "sessions.h"

/* A tracee that runs on its own until its standard input ends. */
struct target {
	pid_t pid;
	int in, out;
};

static struct target start_target(const char *path)
{
	int in[2], out[2];
	struct target t;
	char ready[6];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	t.pid = fork();
	if (t.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	t.in = in[1];
	t.out = out[0];
	if (read(t.out, ready, sizeof(ready)) != sizeof(ready))
		abort();
	return t;
}

static int end_target(const struct target *t, char *text, size_t room)
{
	int status;
	ssize_t n;

	close(t->in);
	n = read(t->out, text, room - 1);
	text[n > 0 ? n : 0] = 0;
	close(t->out);
	waitpid(t->pid, &status, 0);
	return status;
}

static void test_attach(void)
{
	struct target t = start_target(TRACEE("busy_threads"));
	char text[64];

	for (int i = 0; i < 20; i++) {
		struct ft_session *s = open_session(&(struct ft_config){ .options = ALL });
		struct seen seen = { 0 };

		CHECK_EQ(ft_attach(s, t.pid, &seen.stage), t.pid);
		while (seen.calls[SYS_write] < 100 && take(s, &seen))
			continue;
		CHECK_EQ(ft_stop(s, FT_STOP_DETACH), 0);
		finish(s, &seen);
		CHECK_EQ(seen.stats.error, 0);
		CHECK_EQ(seen.stats.root_status, -1);
		CHECK(seen.kinds[FT_KIND_ATTACH] >= 5);
		CHECK_EQ(seen.stats.calls, seen.tallied);
		CHECK_EQ(seen.processes, 1);
	}
	CHECK_EQ(end_target(&t, text, sizeof(text)), 0);
	CHECK(!strcmp(text, "wrong: 0\n"));
}

static void test_attach_errors(void)
{
	struct ft_session *s = open_session(&(struct ft_config){ .options = ALL });
	struct target t = start_target(TRACEE("reader"));
	struct ft_session *second;
	enum ft_stage stage;
	char text[64];

	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(s, t.pid, &stage), t.pid);
	CHECK_EQ(ft_attach(s, t.pid, &stage), -EBUSY);
	CHECK_EQ(ft_attach(second, t.pid, &stage), -EPERM);
	CHECK_EQ(stage, FT_STAGE_TRACE);
	ft_close(second);
	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(second, getpid(), &stage), -EPERM);
	ft_close(second);
	second = open_session(&(struct ft_config){ .options = ALL });
	CHECK_EQ(ft_attach(second, 0, &stage), -ESRCH);
	CHECK_EQ(ft_attach(second, 1 << 22, &stage), -ESRCH);
	ft_close(second);
	ft_close(s); /* detaches */
	CHECK_EQ(write(t.in, "still\n", 6), 6);
	CHECK_EQ(read(t.out, text, 6), 6);
	CHECK_EQ(end_target(&t, text, sizeof(text)), 0);
}

int main(void)
{
	int descriptors = open_descriptors();

	test_attach();
	check_group("a busy process runs on after 20 visits");
	test_attach_errors();
	check_group("what cannot be attached to");
	CHECK_EQ(open_descriptors(), descriptors);
	CHECK_EQ(waitpid(-1, NULL, __WALL), -1);
	check_group("no descriptor and no child is left");
	return check_result();
}
