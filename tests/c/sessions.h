/* A session with tracees, and what it showed. */
#ifndef FT_SESSIONS_H
#define FT_SESSIONS_H

#include "fasttrace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define TRACEE(name) TRACEES name
#define ALL	     (FT_OPT_FOLLOW | FT_OPT_EVENTS | FT_OPT_TALLY)
#define RUN(wanted, ...)                                                                           \
	run(&(struct ft_config){ .options = (wanted) }, (char *[]){ __VA_ARGS__, NULL })

/* What a session showed. */
struct seen {
	struct ft_stats stats;
	uint64_t kinds[8];
	uint64_t calls[FT_NR_MAX];
	uint64_t errors;
	uint64_t tallied;
	size_t processes;
	int started;
	enum ft_stage stage;
};

static inline struct ft_session *open_session(const struct ft_config *config)
{
	struct ft_session *s;

	if (ft_open(&s, config) < 0)
		abort();
	return s;
}

static inline int spawn(struct ft_session *s, char *const *argv, int in, enum ft_stage *stage)
{
	struct ft_command c = { .path = argv[0],
		.argv = argv,
		.envp = (char *[]){ NULL },
		.stdio = { in, open("/dev/null", O_WRONLY | O_CLOEXEC), -1 } };
	int rc = ft_spawn(s, &c, stage);

	close(c.stdio[1]);
	return rc;
}

/* Takes one block; 0 at the end. */
static inline int take(struct ft_session *s, struct seen *seen)
{
	struct ft_block *b;

	if (ft_take(s, -1, &b) != 1)
		return 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct ft_event *ev = &b->events[i];

		seen->kinds[ev->kind]++;
		if (ev->kind != FT_KIND_SYSCALL)
			continue;
		seen->calls[ev->nr >= 0 && ev->nr < FT_NR_MAX ? ev->nr : 0]++;
		seen->errors += !!(ev->flags & FT_FLAG_ERROR);
	}
	ft_block_free(b);
	return 1;
}

static inline void finish(struct ft_session *s, struct seen *seen)
{
	struct ft_processes processes;
	struct ft_tally *tally;

	while (take(s, seen))
		continue;
	CHECK_EQ(ft_wait(s, -1), 1);
	ft_get_stats(s, &seen->stats);
	if (!ft_get_tally(s, &tally)) {
		for (size_t i = 0; i < ft_tally_rows(tally); i++)
			seen->tallied += ft_tally_row(tally, i)->calls;
		ft_tally_free(tally);
	}
	CHECK_EQ(ft_get_processes(s, &processes), 0);
	seen->processes = processes.count;
	ft_processes_free(&processes);
	ft_close(s);
}

static inline struct seen run(const struct ft_config *config, char *const *argv)
{
	struct ft_session *s = open_session(config);
	struct seen seen = { 0 };

	seen.started = spawn(s, argv, -1, &seen.stage);
	finish(s, &seen);
	return seen;
}

#endif
