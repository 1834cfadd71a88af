/*
 * What this session knows of the sites in files, whichever process learned it. How a site is patched
 * follows from the bytes around it alone (ft_site_analyse()), so what was found out for some bytes holds
 * wherever the same bytes stand, and nowhere else: whose copy of the file they were first seen in makes no
 * difference, nor does a file that changes.
 */
#ifndef FT_FILES_H
#define FT_FILES_H

#include "arch/x86_64/site.h"

/* Beyond these the file that was not used for the longest time is forgotten. */
#define FT_FILES_MAX	   1024
#define FT_FILES_KNOWN_MAX 16384 /* sites of all files */
/* Beyond these a file's sites are found out by each process anew. */
#define FT_FILE_KNOWN_MAX 2048

struct ft_known {
	uint64_t offset; /* of the site in the file */
	uint16_t before, after; /* bytes of the window on either side */
	struct ft_patch patch;
	uint64_t users; /* bit i: the program that is the i-th has made calls there */
	uint8_t window[2 * FT_SITE_WINDOW];
};

struct ft_files;

/* A file of which something is known: its id, which no other file has or had; 0: nothing is. */
uint64_t ft_files_find(struct ft_files *files, uint64_t dev, uint64_t inode);
/* The i-th thing known of it. False: there are no more, or it was forgotten. */
bool ft_files_known(const struct ft_files *files, uint64_t id, uint32_t i, struct ft_known *out);
/*
 * The bit of the program whose file this is: what others have found out it does without until it comes to the same site.
 * From the 64th on they share one.
 */
uint64_t ft_files_program(struct ft_files **files, uint64_t dev, uint64_t inode);
/* A program has come to a site: what is known of it. False: nothing is. */
bool ft_files_use(struct ft_files *files, uint64_t id, uint64_t offset, uint64_t program,
	struct ft_known *out);
/* -ENOMEM, or 0. */
int ft_files_add(
	struct ft_files **files, uint64_t dev, uint64_t inode, const struct ft_known *known);
/* Counts what has been found out of a file, and by which programs it is used; 0: of all files. */
uint64_t ft_files_changes(const struct ft_files *files, uint64_t id);
void ft_files_free(struct ft_files *files);

#endif
