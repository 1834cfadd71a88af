/* The lines of strace: their heads, a call in one piece or in two, signals and ends. */
#ifndef FT_DECODE_STRACE_TEXT_H
#define FT_DECODE_STRACE_TEXT_H

#include <time.h>

#include "decode/task_names.h"
#include "decode/text.h"
#include "decode/walk.h"

enum ft_strace_who {
	FT_WHO_NONE,
	FT_WHO_BRACKETS, /* [pid N], while there are several */
	FT_WHO_PLAIN,
};

enum ft_strace_clock { FT_CLOCK_NONE, FT_CLOCK_TIME, FT_CLOCK_UNIX };

enum ft_strace_status {
	FT_STATUS_SUCCESSFUL = 1 << 0,
	FT_STATUS_FAILED = 1 << 1,
	FT_STATUS_UNFINISHED = 1 << 2,
	FT_STATUS_ALL = 7,
};

/* How the arguments of a call are told. */
enum ft_strace_form {
	FT_FORM_WHOLE = 1 << 0, /* nothing is abbreviated */
	FT_FORM_SHALLOW = 1 << 1, /* addresses instead of structures */
	FT_FORM_RAW = 1 << 2, /* numbers alone */
};

#define FT_STORY_NEVER 255

struct ft_strace_style {
	uint64_t signals; /* bit n-1: signal n is shown */
	int64_t realtime_ns; /* what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC */
	uint32_t column; /* where the = of a result stands */
	uint32_t string_max;
	uint8_t who; /* enum ft_strace_who */
	uint8_t clock; /* enum ft_strace_clock */
	uint8_t clock_digits; /* behind the point: 0, 3, 6, 9 */
	uint8_t relative, relative_digits; /* time since the line before */
	uint8_t took, took_digits; /* by a call */
	uint8_t numbers; /* of the syscalls */
	uint8_t places; /* addresses of code */
	uint8_t hex; /* strings: 1: those that are no text, 2: all */
	uint8_t statuses; /* enum ft_strace_status: of the calls that are shown */
	uint8_t attaches, exits, supersedes; /* whether these are told */
	/*
	 * Who executes another program goes on untraced; the command after so many, of which its own is the first, who was
	 * attached to after one less. FT_STORY_NEVER: nobody does.
	 */
	uint8_t until_exec;
	bool detaches; /* whether that is told */
	uint8_t leaders; /* only the first task of each process is shown */
	uint8_t modes; /* whether it is told that a task makes 32-bit calls from now on, or 64-bit ones */
	uint8_t separately; /* each task has a text of its own */
	uint8_t constants; /* enum ft_constants */
	/* enum ft_strace_form of each number below FT_NR_MAX; NULL: none. They outlive the story. */
	const uint8_t *forms[FT_ABI_COUNT];
	/* Whether what is read from, or written to, a descriptor is dumped; the last is also of all higher ones. */
	const uint8_t *reads, *writes;
	uint32_t reads_count, writes_count;
	uint8_t tasks_told; /* enum ft_tasks_told */
	ft_look_up *
		look_up; /* what tasks are called that no event tells of; NULL: that is not known */
	ft_find_number *find_number; /* and what their numbers are; NULL: nobody knows */
	const char *first_name; /* what a command is called before its execve */
	uint8_t told; /* of descriptors: enum ft_told_files */
	/* FT_NR_MAX bits of each ABI: which calls are shown; NULL: all. */
	const uint8_t *shown;
	/* Only those with one of these, if there are any: paths, each behind the one before and ended by NUL. */
	const char *paths;
	size_t paths_length;
	const int32_t *fds; /* or of these */
	size_t fds_count;
};

struct ft_strace_text {
	struct ft_text text; /* first: it is the sink */
	const struct ft_strace_style *style;
	struct ft_open_files *files; /* NULL: nobody keeps what descriptors are */
	struct ft_task_names *names; /* NULL: nobody keeps what tasks are called */
	struct ft_sink_ops ops;
	int32_t previous; /* number of the task's call before this one; -1: unknown */
	const char *line; /* column 0 of the line, which may lie before the buffer */
	uint64_t last_ns; /* of the line before; 0: there is none */
	int64_t second; /* that `daytime` is of */
	char daytime[8];
	/* Of the call: how many arguments are shown, how many at its entry, and where those end. */
	unsigned argument, at_entry;
	char *split;
};

enum ft_strace_part {
	FT_PART_WHOLE,
	FT_PART_ENTRY,
	FT_PART_REST, /* in the line of the entry */
	FT_PART_EXIT, /* in a line of its own */
};

void ft_strace_start(struct ft_strace_text *st, const struct ft_strace_style *style);
/* From now on into this buffer. */
void ft_strace_into(struct ft_strace_text *st, char *buffer, size_t size);

struct ft_strace_head {
	int32_t tid, nr;
	uint64_t time_ns;
	uint64_t place; /* the address of code; 0: not known */
	bool in_32_bits;
	bool several; /* there are other tasks */
};

/* The head of a new line. */
void ft_strace_head(struct ft_strace_text *st, const struct ft_strace_head *head);
/* A call; all parts but the entry end the line. */
void ft_strace_call(
	struct ft_strace_text *st, const struct ft_view *view, enum ft_strace_part part);
/* siginfo: NULL: there is only what the event has of it. */
void ft_strace_signal(struct ft_strace_text *st, const struct ft_event *ev, const uint8_t *siginfo);
void ft_strace_stop(struct ft_strace_text *st, const struct ft_event *ev);
void ft_strace_exit(struct ft_strace_text *st, const struct ft_event *ev);

bool ft_strace_is_restart(const struct ft_event *ev);
/* Whether what is shown before a call ends needs memory that was copied at its entry. */
bool ft_strace_needs_memory(const struct ft_event *ev);

#endif
