/* A sink that lists what a call's arguments are, for those that make objects of them. */
#ifndef FT_DECODE_DATA_H
#define FT_DECODE_DATA_H

#include "decode/memory.h"
#include "decode/text.h"
#include "decode/walk.h"

enum ft_datum_kind {
	FT_DATUM_INTEGER, /* value, shown */
	FT_DATUM_SET, /* set, value */
	FT_DATUM_NAMED, /* value, shown, bytes: its text */
	FT_DATUM_BYTES, /* bytes, cut */
	FT_DATUM_STRING, /* bytes, cut: as the tracee has it; the name of an abstract socket begins with NUL */
	FT_DATUM_WORD, /* bytes: ASCII */
	FT_DATUM_NULL,
	FT_DATUM_MORE, /* stands for what is left out of a list or a structure */
	FT_DATUM_STRUCT, /* `count` data that follow are inside */
	FT_DATUM_LIST, /* the same */
	FT_DATUM_DESCRIPTOR, /* value, bytes: what it is as /proc says it, note: as text; cut: it has no name any more */
};

struct ft_datum {
	uint8_t kind; /* enum ft_datum_kind */
	uint8_t shown; /* enum ft_shown_as */
	bool cut; /* there was more of it */
	bool becomes; /* what follows, if anything does, is what it was after the call */
	uint32_t count;
	const char *name; /* in a structure, of an argument; else NULL */
	uint64_t value;
	union {
		const struct ft_set *set;
		const uint8_t *bytes;
	};
	uint32_t length; /* of bytes */
	/* What is said of it, or NULL. */
	const char *note;
};

#define FT_DATA_DEPTH 16

struct ft_data {
	struct ft_sink sink;
	struct ft_datum *list;
	size_t count, max;
	char *texts; /* room for what stands nowhere else; data point into it */
	size_t texts_used, texts_max;
	const char *name;
	struct {
		size_t opened, last;
		bool is_filled;
	} levels[FT_DATA_DEPTH + 1];
	unsigned depth;
	unsigned ignored; /* levels below the deepest that is kept */
	bool is_full; /* something did not fit and is left out */
	struct ft_open_files *files; /* that descriptors are known from; NULL: they are numbers */
};

/* Nothing is allocated. list, texts: room for so many. */
void ft_data_start(
	struct ft_data *data, struct ft_datum *list, size_t max, char *texts, size_t texts_max);
/*
 * The arguments of a call, one after the other: what was copied, whole. 0, or -ENOSYS where no table has the call.
 * Bytes of the data lie where the view's do.
 */
int ft_data_arguments(struct ft_data *data, const struct ft_view *view);
/* What a signal's event says of it, as one structure in their place; of siginfo FT_SIGINFO_SIZE bytes are there. */
void ft_data_siginfo(struct ft_data *data, const struct ft_event *signal, const uint8_t *siginfo);
/* What it returned, in their place; false: nothing, for it failed or never returned. */
bool ft_data_result(struct ft_data *data, const struct ft_view *view);
/* What it found beside that, as one structure in their place: see found.h. false: this call finds nothing. */
bool ft_data_found(struct ft_data *data, const struct ft_view *view);

#endif
