/* A sink that writes strace's text into a buffer. */
#ifndef FT_DECODE_TEXT_H
#define FT_DECODE_TEXT_H

#include <string.h>

#include "decode/sink.h"

/* How a constant is written. */
enum ft_constants {
	FT_NAMES,
	FT_NUMBERS,
	FT_NUMBERS_AND_NAMES, /* the names as a comment */
};

struct ft_open_files;

struct ft_text {
	struct ft_sink sink;
	char *at, *end;
	uint8_t constants; /* enum ft_constants */
	bool is_first; /* no comma before the next value */
	uint8_t told, hex; /* what is told of descriptors, and how: see ft_put_file() */
	struct ft_open_files *files; /* that ft_put_call() knows them from; NULL: from nowhere */
	bool is_full; /* something did not fit; nothing more is written */
};

void ft_text_start(struct ft_text *text, char *buffer, size_t size);

static inline void ft_put(struct ft_text *text, const char *data, size_t length)
{
	if (__builtin_expect((size_t)(text->end - text->at) < length || text->is_full, 0)) {
		text->is_full = true;
		return;
	}
	memcpy(text->at, data, length);
	text->at += length;
}

static inline void ft_puts(struct ft_text *text, const char *data)
{
	ft_put(text, data, __builtin_strlen(data));
}

void ft_put_decimal(struct ft_text *text, uint64_t value);
void ft_put_signed(struct ft_text *text, int64_t value);
void ft_put_hex(struct ft_text *text, uint64_t value); /* 0x1f; 0 for 0 */
void ft_put_octal(struct ft_text *text, uint64_t value); /* 017; 0 for 0 */
/* At least so many digits. */
void ft_put_padded(struct ft_text *text, uint64_t value, unsigned digits);

void ft_put_number(struct ft_text *text, uint64_t value, enum ft_shown_as shown);
/* A number that has a name, in the form that the text is in. */
void ft_put_named(struct ft_text *text, uint64_t value, enum ft_shown_as shown, const char *name,
	size_t length);
/* Flags, or one name of several, in that form, with a comment where no name is known. */
void ft_put_set(struct ft_text *text, const struct ft_set *set, uint64_t value);
/* The names of flags alone; false: there are none, and nothing is written. */
bool ft_put_flags(struct ft_text *text, const struct ft_set *set, uint64_t value);
void ft_put_comment(struct ft_text *text, const char *comment, size_t length);
/* ASCII, with the escapes that C has in a string; octal: characters that are no text here. */
void ft_put_escaped(struct ft_text *text, const uint8_t *data, size_t length, const char *octal);
void ft_put_quoted(struct ft_text *text, const uint8_t *data, size_t length, bool cut);

#endif
