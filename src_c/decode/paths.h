/* Paths as texts. */
#ifndef FT_DECODE_PATHS_H
#define FT_DECODE_PATHS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A path as one from the root, without "." and "..", and without a look at any link. base: what it is relative to.
 * Writes at most FT_STRING_MAX - 1 bytes; returns how many, 0: that is not enough, or base is no path from the root.
 */
size_t ft_path_join(
	const uint8_t *base, size_t base_length, const uint8_t *path, size_t length, uint8_t *to);

#endif
