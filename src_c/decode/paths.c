#include "decode/paths.h"

#include <string.h>

#include "event.h"

/* The components of a path behind what is there; 0: too long. */
static size_t append(uint8_t *to, size_t n, const uint8_t *path, size_t length)
{
	for (size_t at = 0; at < length;) {
		const uint8_t *slash = memchr(path + at, '/', length - at);
		size_t size = slash ? (size_t)(slash - path) - at : length - at;

		if (size == 2 && !memcmp(path + at, "..", 2)) {
			while (n && to[--n] != '/')
				;
		} else if (size && !(size == 1 && path[at] == '.')) {
			if (n + 1 + size >= FT_STRING_MAX)
				return SIZE_MAX;
			to[n++] = '/';
			memcpy(to + n, path + at, size);
			n += size;
		}
		at += size + 1;
	}
	return n;
}

size_t ft_path_join(
	const uint8_t *base, size_t base_length, const uint8_t *path, size_t length, uint8_t *to)
{
	size_t n = 0;

	if (!length || (path[0] != '/' && (!base_length || base[0] != '/')))
		return 0;
	if (path[0] != '/')
		n = append(to, n, base, base_length);
	if (n != SIZE_MAX)
		n = append(to, n, path, length);
	if (n == SIZE_MAX)
		return 0;
	if (!n)
		to[n++] = '/';
	return n;
}
