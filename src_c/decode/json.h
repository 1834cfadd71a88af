/* Calls as JSON, an object on a line: docs/json.md. ASCII, whatever the tracee wrote. */
#ifndef FT_DECODE_JSON_H
#define FT_DECODE_JSON_H

#include "decode/data.h"

#define FT_JSON_VERSION 1

struct ft_json_style {
	const char *comm; /* of the process, a value of JSON; NULL: not known */
	size_t comm_length;
	uint32_t string_max; /* bytes of data in the call's text */
	bool without_args; /* they are more than fits */
	const uint8_t *frames; /* of Python, as ft_next_frame() has them; NULL: none */
	size_t frames_size;
};

/* A string: as one where it is UTF-8 and whole, else as an object that says what it lacks. */
void ft_put_json_string(struct ft_text *text, const uint8_t *data, size_t length, bool cut);
/* One datum, with all that is inside. */
void ft_put_json_value(struct ft_text *text, const struct ft_datum *datum);
/* Several, with commas. unnamed: of a structure, for a value without a name; NULL: of a list. */
void ft_put_json_values(
	struct ft_text *text, const struct ft_datum *list, size_t count, const char *unnamed);
/* The arguments, an object by name. */
void ft_put_json_arguments(struct ft_text *text, const struct ft_view *view, struct ft_data *room);
/* The line of a call. room: for its data. is_full: there is less of it than the call has. */
void ft_put_json_call(struct ft_text *text, const struct ft_view *view,
	const struct ft_json_style *style, struct ft_data *room);

#endif
