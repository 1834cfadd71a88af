/* What a walk over a call tells, value by value; text is one sink. */
#ifndef FT_DECODE_SINK_H
#define FT_DECODE_SINK_H

#include "decode/descriptors.h"

struct ft_file;
struct ft_task_names;
struct ft_sink;

struct ft_sink_ops {
	void (*integer)(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown);
	/* Flags, or one name of several. */
	void (*set)(struct ft_sink *sink, const struct ft_set *set, uint64_t value);
	/* cut: there is more of it in the tracee. */
	void (*bytes)(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut);
	/* The same, of what is no text; of a C string: a path, a name. */
	void (*binary)(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut);
	void (*string)(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut);
	/* The name of an abstract socket, without the NUL before it. */
	void (*abstract)(struct ft_sink *sink, const uint8_t *data, size_t length);
	/* A number that has a text of its own: AT_FDCWD, S_IFREG|0644. */
	void (*named)(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown,
		const char *text, size_t length);
	/* A string that is told by what makes it: inet_addr("127.0.0.1"). */
	void (*made)(
		struct ft_sink *sink, const char *string, const char *before, const char *after);
	void (*null)(struct ft_sink *sink);
	/* What is neither number nor string: UTIME_NOW. */
	void (*word)(struct ft_sink *sink, const char *text, size_t length);
	void (*comment)(struct ft_sink *sink, const char *text);
	/* A structure {, an array [, what a call of a macro looks like (. Or a set of signals ~[. */
	void (*open)(struct ft_sink *sink, const char *bracket);
	void (*close)(struct ft_sink *sink, const char *bracket);
	/* Before each argument of the call. */
	void (*argument)(struct ft_sink *sink, const char *name);
	/* Its name, where the text says it. */
	void (*label)(struct ft_sink *sink, const char *name);
	/* Before each value inside: its name in a structure, or NULL; length 0: no text says it. */
	void (*next)(struct ft_sink *sink, const char *name, size_t length);
	/* Before each number of a set of them. */
	void (*also)(struct ft_sink *sink);
	/* The value before was there before the call; what comes now is there after it. */
	void (*becomes)(struct ft_sink *sink);
	/* What comes now in the same structure is there after the call. */
	void (*then)(struct ft_sink *sink);
	/* Instead of what is left out. */
	void (*more)(struct ft_sink *sink);
	/* Why: memory could not be read from there on. */
	void (*fault)(struct ft_sink *sink, uint64_t address);
	/*
	 * A descriptor, or FT_LINK_CWD; file: what it is, NULL: not known. Not called, but integer or word, if nobody
	 * keeps what descriptors are; then it may be NULL.
	 */
	void (*descriptor)(struct ft_sink *sink, int32_t fd, const struct ft_file *file);
	/*
	 * What the task `by` has as a number of a task or process, of a group or a session. Not called, but integer, if
	 * nobody keeps what they are called; then it may be NULL.
	 */
	void (*task)(struct ft_sink *sink, struct ft_task_names *names, int32_t by, int32_t number,
		enum ft_number_of of);
};

struct ft_sink {
	const struct ft_sink_ops *ops;
};

#endif
