/* Lines of text for blocks of events. */
#ifndef FT_DECODE_LINES_H
#define FT_DECODE_LINES_H

#include "decode/text.h"
#include "decode/walk.h"

/* What is around a call's text: escapes of a terminal, or "". */
struct ft_line_style {
	const char *dim, *red, *cyan, *reset;
	uint64_t origin_ns; /* that times are counted from */
	uint32_t string_max; /* bytes of data that are shown; paths are whole */
	bool is_whole; /* all fields of structures are shown */
};

/* What descriptors are, followed from one block to the next. */
struct ft_line_files {
	struct ft_open_files *files;
	uint8_t told; /* enum ft_told_files */
	const uint8_t *shown; /* a byte for each event; NULL: all are */
};

/* The call alone: name(arguments) = result. */
void ft_put_call(
	struct ft_text *text, const struct ft_view *view, const struct ft_line_style *style);

/*
 * Lines for events[order[0]], events[order[1]] ...; each is written whole, or not at all if it does not fit.
 * Stops at an event that is no syscall, and at the end of the buffer; *done: how many were written. Returns the
 * bytes. A line that no empty buffer could hold is cut. files: or NULL.
 */
size_t ft_put_lines(const struct ft_line_style *style, const struct ft_line_files *files,
	const struct ft_event *events, const uint32_t *order, size_t count, const uint8_t *payload,
	size_t payload_length, uint64_t payload_base, char *buffer, size_t size, size_t *done);

/*
 * The order in which the events end. order: room for 2 * count; the first half is the result. Tasks that
 * record themselves deliver their events each for itself.
 */
void ft_order_of_end(const struct ft_event *events, size_t count, uint32_t *order);

#endif
