/* A str object of the interpreter's as UTF-8. */
#ifndef FT_PYTHON_TEXT_H
#define FT_PYTHON_TEXT_H

#include "python/layouts.h"
#include "python/reads.h"

/*
 * At most `room` bytes, whole characters; what os.fsdecode() made of bytes that are no UTF-8 becomes these
 * again. Returns their number, or -1: that is no str.
 */
int ft_python_text(struct ft_python_reads *r, const struct ft_python_layout *at, uint64_t object,
	uint8_t *to, uint32_t room);

#endif
