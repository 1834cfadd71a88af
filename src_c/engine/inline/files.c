#if defined(__x86_64__)
#include "engine/inline/files.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 256

struct ft_files {
	struct ft_file *bucket[BUCKETS];
};

static struct ft_file **slot(struct ft_files *files, uint64_t dev, uint64_t inode)
{
	struct ft_file **f = &files->bucket[(inode ^ dev) % BUCKETS];

	while (*f && ((*f)->dev != dev || (*f)->inode != inode))
		f = &(*f)->next;
	return f;
}

const struct ft_file *ft_files_find(const struct ft_files *files, uint64_t dev, uint64_t inode)
{
	return files ? *slot((struct ft_files *)files, dev, inode) : NULL;
}

int ft_files_add(
	struct ft_files **files, uint64_t dev, uint64_t inode, const struct ft_known *known)
{
	struct ft_file **at, *f;

	if (!*files && !(*files = calloc(1, sizeof(**files))))
		return -ENOMEM;
	at = slot(*files, dev, inode);
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return -ENOMEM;
		(*at)->dev = dev;
		(*at)->inode = inode;
	}
	f = *at;
	for (int i = 0; i < f->count; i++)
		if (f->known[i].offset == known->offset) {
			f->known[i] = *known; /* the file has changed, or more is allowed now */
			return 0;
		}
	if (f->count == f->room) {
		int room = f->room ? 2 * f->room : 16;
		struct ft_known *list = realloc(f->known, (size_t)room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		f->known = list;
		f->room = room;
	}
	f->known[f->count++] = *known;
	return 0;
}

void ft_files_free(struct ft_files *files)
{
	for (int i = 0; files && i < BUCKETS; i++)
		while (files->bucket[i]) {
			struct ft_file *f = files->bucket[i];

			files->bucket[i] = f->next;
			free(f->known);
			free(f);
		}
	free(files);
}
#endif
