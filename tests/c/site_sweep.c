/*
 * site_sweep FILE: looks at each pair of bytes 0f 05 in the ranges of FILE that stdin names, a line
 * `offset size` each, as at a site that a task stopped at while it was alone and while it was not, and
 * prints `offset kind_alone kind`.
 */
#include "arch/x86_64/site.h"

#include <string.h>

#include "sweep.h"

static void sweep(const uint8_t *file, size_t offset, size_t size)
{
	for (size_t i = 0; i + 2 <= size; i++) {
		const uint8_t *site = file + offset + i;
		struct ft_patch alone, patch;
		uint32_t nr = 0;

		if (site[0] != 0x0f || site[1] != 0x05)
			continue;
		if (i >= 4)
			memcpy(&nr, site - 4, sizeof(nr));
		ft_site_analyse(site, i, size - i, offset + i, nr, true, &alone);
		ft_site_analyse(site, i, size - i, offset + i, nr, false, &patch);
		printf("%zu %d %d\n", offset + i, alone.kind, patch.kind);
	}
}

int main(int argc, char **argv)
{
	return sweep_file(argc, argv, sweep);
}
