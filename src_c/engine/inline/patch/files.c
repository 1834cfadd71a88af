#if defined(__x86_64__)
#include "engine/inline/patch/files.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS	 256
#define PROGRAMS 64

struct ft_file {
	struct ft_file *next;
	uint64_t dev, inode, id, used, changes;
	struct ft_known *known;
	uint32_t count, room;
};

struct ft_files {
	struct ft_file *bucket[BUCKETS];
	uint64_t clock; /* counts what is done here */
	uint64_t changes; /* of all */
	uint32_t count, known; /* of all */
	struct {
		uint64_t dev, inode;
	} program[PROGRAMS];
	int programs;
};

static struct ft_file **slot(struct ft_files *files, uint64_t dev, uint64_t inode)
{
	struct ft_file **f = &files->bucket[(inode ^ dev) % BUCKETS];

	while (*f && ((*f)->dev != dev || (*f)->inode != inode))
		f = &(*f)->next;
	return f;
}

uint64_t ft_files_find(struct ft_files *files, uint64_t dev, uint64_t inode)
{
	struct ft_file *f = files ? *slot(files, dev, inode) : NULL;

	if (!f)
		return 0;
	f->used = ++files->clock;
	return f->id;
}

/* An id holds its bucket. */
static struct ft_file *file_of(const struct ft_files *files, uint64_t id)
{
	struct ft_file *f = files->bucket[id % BUCKETS];

	while (f && f->id != id)
		f = f->next;
	return f;
}

bool ft_files_known(const struct ft_files *files, uint64_t id, uint32_t i, struct ft_known *out)
{
	const struct ft_file *f = file_of(files, id);

	if (!f || i >= f->count)
		return false;
	*out = f->known[i];
	return true;
}

static bool make(struct ft_files **files)
{
	return *files || (*files = calloc(1, sizeof(**files)));
}

uint64_t ft_files_program(struct ft_files **files, uint64_t dev, uint64_t inode)
{
	struct ft_files *f;
	int i = 0;

	if (!make(files))
		return ~0ull;
	f = *files;
	while (i < f->programs && (f->program[i].dev != dev || f->program[i].inode != inode))
		i++;
	if (i == f->programs && i < PROGRAMS - 1) {
		f->program[i].dev = dev;
		f->program[i].inode = inode;
		f->programs++;
	}
	return 1ull << i;
}

bool ft_files_use(struct ft_files *files, uint64_t id, uint64_t offset, uint64_t program,
	struct ft_known *out)
{
	struct ft_file *f = files ? file_of(files, id) : NULL;

	for (uint32_t i = 0; f && i < f->count; i++)
		if (f->known[i].offset == offset) {
			if (!(f->known[i].users & program))
				f->changes = ++files->changes;
			f->known[i].users |= program;
			*out = f->known[i];
			return true;
		}
	return false;
}

static void forget(struct ft_files *files, struct ft_file **at)
{
	struct ft_file *f = *at;

	*at = f->next;
	files->count--;
	files->known -= f->count;
	free(f->known);
	free(f);
}

static void forget_oldest(struct ft_files *files)
{
	struct ft_file **oldest = NULL;

	for (int i = 0; i < BUCKETS; i++)
		for (struct ft_file **f = &files->bucket[i]; *f; f = &(*f)->next)
			if (!oldest || (*f)->used < (*oldest)->used)
				oldest = f;
	if (oldest)
		forget(files, oldest);
}

static struct ft_file *file_new(struct ft_files *files, uint64_t dev, uint64_t inode)
{
	struct ft_file *f = calloc(1, sizeof(*f)), **at;

	if (!f)
		return NULL;
	if (files->count == FT_FILES_MAX)
		forget_oldest(files);
	at = slot(files, dev, inode);
	f->dev = dev;
	f->inode = inode;
	f->id = ++files->clock * BUCKETS + (inode ^ dev) % BUCKETS;
	files->count++;
	*at = f;
	return f;
}

int ft_files_add(
	struct ft_files **files, uint64_t dev, uint64_t inode, const struct ft_known *known)
{
	struct ft_file *f;

	if (!make(files))
		return -ENOMEM;
	f = *slot(*files, dev, inode);
	if (!f && !(f = file_new(*files, dev, inode)))
		return -ENOMEM;
	f->used = ++(*files)->clock;
	f->changes = ++(*files)->changes;
	for (uint32_t i = 0; i < f->count; i++)
		if (f->known[i].offset == known->offset) {
			uint64_t users = f->known[i].users;

			f->known[i] = *known; /* other bytes stand there now, or more is allowed */
			f->known[i].users |= users;
			return 0;
		}
	if (f->count == FT_FILE_KNOWN_MAX)
		return 0;
	while ((*files)->known >= FT_FILES_KNOWN_MAX && (*files)->count > 1)
		forget_oldest(*files);
	if (f->count == f->room) {
		uint32_t room = f->room ? 2 * f->room : 16;
		struct ft_known *list = realloc(f->known, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		f->known = list;
		f->room = room;
	}
	f->known[f->count++] = *known;
	(*files)->known++;
	return 0;
}

uint64_t ft_files_changes(const struct ft_files *files, uint64_t id)
{
	const struct ft_file *f = files && id ? file_of(files, id) : NULL;

	if (files && !id)
		return files->changes;
	return f ? f->changes : 0;
}

void ft_files_free(struct ft_files *files)
{
	for (int i = 0; files && i < BUCKETS; i++)
		while (files->bucket[i])
			forget(files, &files->bucket[i]);
	free(files);
}
#endif
