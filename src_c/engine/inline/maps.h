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
/* A free place of `size` bytes within reach of the text around `address`. 0: none. */
uint64_t ft_maps_gap(pid_t pid, uint64_t address, uint64_t size);

#endif
