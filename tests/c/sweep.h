/* What the programs do that look at ranges of a file: FILE, and a line `offset size` for each range on stdin. */
#ifndef FT_SWEEP_H
#define FT_SWEEP_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* All of main(). */
static inline int sweep_file(
	int argc, char **argv, void (*sweep)(const uint8_t *file, size_t offset, size_t size))
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	size_t offset, size;
	const uint8_t *file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
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

#endif
