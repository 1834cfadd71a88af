/* What this session knows of the sites in files, whichever process learned it. */
#ifndef FT_FILES_H
#define FT_FILES_H

#include "arch/x86_64/site.h"
#include "engine/inline/inline.h"

struct ft_known {
	uint64_t offset; /* of the site in the file */
	struct ft_patch patch;
	uint8_t original[FT_JMP_SIZE]; /* what the jmp is written over */
	uint8_t original_syscall[2];
};

struct ft_file {
	struct ft_file *next;
	uint64_t dev, inode;
	struct ft_known *known;
	int count, room;
};

/* NULL: nothing is known of it. */
const struct ft_file *ft_files_find(const struct ft_files *files, uint64_t dev, uint64_t inode);
/* -ENOMEM, or 0. */
int ft_files_add(
	struct ft_files **files, uint64_t dev, uint64_t inode, const struct ft_known *known);

#endif
