/* What lies where in an address space. */
#ifndef FT_MAPS_H
#define FT_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ft_mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode;
	bool read, write, exec, shared, file;
};
/* The mapping that holds the address. 0, -ENOENT, or another negative errno. */
int ft_maps_find(pid_t pid, uint64_t address, struct ft_mapping *out);

/* The address space that was asked about last is kept open: the next question is most often about the same. */
struct ft_maps {
	uint64_t space; /* ft_space.id */
	int fd;
	bool open;
};
struct ft_space;

void ft_maps_close(struct ft_maps *maps);
int ft_maps_find_in(
	struct ft_maps *maps, const struct ft_space *sp, uint64_t address, struct ft_mapping *out);
/*
 * Where there is most likely such a place in a new program, of which nothing is mapped but its file, its loader, the
 * vDSO and its stack: below all of them. 0: that is not to be told without looking.
 */
uint64_t ft_maps_likely_gap(uint64_t address);
/* A free place of `size` bytes within reach of the text around `address`. 0: none. */
uint64_t ft_maps_gap_in(
	struct ft_maps *maps, const struct ft_space *sp, uint64_t address, uint64_t size);

#endif
