/* Which calls have to do with some files. */
#ifndef FT_DECODE_TOUCHES_H
#define FT_DECODE_TOUCHES_H

#include "decode/opened.h"

/* A descriptor, or a path, that an argument of a call names. file: NULL: not known, or it is a path. */
typedef void ft_touch(
	void *context, int32_t fd, struct ft_file *file, const uint8_t *path, size_t length);
void ft_names(struct ft_open_files *f, const struct ft_view *view, ft_touch *named, void *context);

/*
 * Whether it is given one of these paths, as they stand there, or a descriptor of one, or one of these. paths: each
 * ended by NUL; any may be NULL.
 */
bool ft_touches(struct ft_open_files *f, const struct ft_view *view, const char *paths,
	size_t paths_length, const int32_t *fds, size_t fds_count);

#endif
