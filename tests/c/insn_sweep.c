/*
 * insn_sweep FILE: decodes the ranges of FILE that stdin names, a line `offset size` each, and prints
 * of each instruction `offset length kind rip_relative target`; a byte that begins none: length 0.
 */
#include "arch/x86_64/insn.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void sweep(const uint8_t *file, size_t offset, size_t size)
{
	struct ft_insn insn;

	for (size_t end = offset + size; offset < end; offset += insn.length ? insn.length : 1) {
		ft_insn_decode(file + offset, end - offset, &insn);
		printf("%zu %d %d %d %lld\n", offset, insn.length, insn.kind, insn.rip_relative,
			(long long)insn.target);
	}
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	size_t offset, size;
	const uint8_t *file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "usage: insn_sweep FILE\n");
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
