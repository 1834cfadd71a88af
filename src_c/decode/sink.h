/* What a walk over a call tells, value by value; text is one sink. */
#ifndef FT_DECODE_SINK_H
#define FT_DECODE_SINK_H

#include "decode/descriptors.h"

struct ft_sink;

struct ft_sink_ops {
	void (*integer)(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown);
	/* Flags, or one name of several. */
	void (*set)(struct ft_sink *sink, const struct ft_set *set, uint64_t value);
	/* cut: there is more of it in the tracee. */
	void (*bytes)(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut);
	/* The same, of what is no text. */
	void (*binary)(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut);
	/* A value that has a text of its own: NULL, AT_FDCWD, S_IFREG|0644. */
	void (*word)(struct ft_sink *sink, const char *text, size_t length);
	void (*comment)(struct ft_sink *sink, const char *text);
	/* A structure {, an array [, what a call of a macro looks like (. Or a set of signals ~[. */
	void (*open)(struct ft_sink *sink, const char *bracket);
	void (*close)(struct ft_sink *sink, const char *bracket);
	/* Before each argument of the call. */
	void (*argument)(struct ft_sink *sink, const char *name);
	/* Before each value inside: its name in a structure, or NULL. */
	void (*next)(struct ft_sink *sink, const char *name, size_t length);
	/* The value before was there before the call; what comes now is there after it. */
	void (*becomes)(struct ft_sink *sink);
	/* Instead of what is left out. */
	void (*more)(struct ft_sink *sink);
	/* Why: memory could not be read from there on. */
	void (*fault)(struct ft_sink *sink, uint64_t address);
};

struct ft_sink {
	const struct ft_sink_ops *ops;
};

#endif
