/*
 * site_sweep FILE: looks at each pair of bytes 0f 05 in the ranges of FILE that stdin names, a line
 * `offset size` each, as at a site that a task stopped at while it was alone and while it was not, and
 * prints `offset kind_alone kind`.
 */
#include "arch/x86_64/site.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

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
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	size_t offset, size;
	const uint8_t *file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "usage: site_sweep FILE\n");
		return 2;
	}
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED) {
		perror(argv[1]);
		return 2;
	}
	while (scanf("%zu %zu", &offset, &size) == 2) {
		if (offset > (size_t)st.st_size || size > (size_t)st.st_size - offset)
			return 2;
		sweep(file, offset, size);
	}
	return 0;
}
