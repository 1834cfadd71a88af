#include "decode/open_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ft_open_files_new(struct ft_open_files **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

/* NULL: there is no room, or no memory. */
static void *take(struct ft_open_files *f, size_t size)
{
	void *p = f->bytes + size <= FT_OPEN_FILES_BYTES ? calloc(1, size) : NULL;

	if (p)
		f->bytes += size;
	return p;
}

static void give_back(struct ft_open_files *f, void *p, size_t size)
{
	if (!p)
		return;
	f->bytes -= size;
	free(p);
}

static uint32_t link_length(const void *bytes, size_t length)
{
	return (uint32_t)strnlen(bytes, length);
}

struct ft_file *ft_file_new(struct ft_open_files *f, const void *bytes, size_t length)
{
	struct ft_file *file = length <= FT_LINK_MAX ? take(f, sizeof(*file)) : NULL;

	if (!file)
		return NULL;
	file->bytes = take(f, length + 1);
	if (!file->bytes) {
		give_back(f, file, sizeof(*file));
		return NULL;
	}
	memcpy(file->bytes, bytes, length);
	file->length = (uint32_t)length;
	file->link_length = link_length(bytes, length);
	file->refs = 1;
	file->next = f->list;
	file->at = &f->list;
	if (file->next)
		file->next->at = &file->next;
	f->list = file;
	f->count++;
	return file;
}

void ft_file_change(struct ft_open_files *f, struct ft_file *file, const void *bytes, size_t length)
{
	uint8_t *changed;

	if (length > FT_LINK_MAX || (length == file->length && !memcmp(bytes, file->bytes, length)))
		return;
	changed = take(f, length + 1);
	if (!changed)
		return;
	memcpy(changed, bytes, length);
	give_back(f, file->bytes, file->length + 1);
	file->bytes = changed;
	file->length = (uint32_t)length;
	file->link_length = link_length(changed, length);
	file->name = 0;
}

struct ft_file *ft_file_get(struct ft_file *file)
{
	if (file)
		file->refs++;
	return file;
}

void ft_file_put(struct ft_open_files *f, struct ft_file *file)
{
	if (!file || --file->refs)
		return;
	*file->at = file->next;
	if (file->next)
		file->next->at = file->at;
	f->count--;
	give_back(f, file->bytes, file->length + 1);
	give_back(f, file, sizeof(*file));
}

static void put_fds(struct ft_open_files *f, struct ft_fds *fds)
{
	if (!fds || --fds->refs)
		return;
	for (uint32_t i = 0; i < fds->room; i++)
		ft_file_put(f, fds->list[i].file);
	give_back(f, fds->list, fds->room * sizeof(*fds->list));
	give_back(f, fds, sizeof(*fds));
}

static void put_cwd(struct ft_open_files *f, struct ft_cwd *cwd)
{
	if (!cwd || --cwd->refs)
		return;
	ft_file_put(f, cwd->file);
	give_back(f, cwd, sizeof(*cwd));
}

static struct ft_fds *new_fds(struct ft_open_files *f, const struct ft_fds *from)
{
	struct ft_fds *fds = take(f, sizeof(*fds));

	if (!fds)
		return NULL;
	fds->refs = 1;
	if (!from || !from->room)
		return fds;
	fds->list = take(f, from->room * sizeof(*fds->list));
	if (!fds->list)
		return fds;
	fds->room = from->room;
	memcpy(fds->list, from->list, fds->room * sizeof(*fds->list));
	for (uint32_t i = 0; i < fds->room; i++)
		ft_file_get(fds->list[i].file);
	return fds;
}

static struct ft_cwd *new_cwd(struct ft_open_files *f, const struct ft_cwd *from)
{
	struct ft_cwd *cwd = take(f, sizeof(*cwd));

	if (!cwd)
		return NULL;
	cwd->refs = 1;
	cwd->file = from ? ft_file_get(from->file) : NULL;
	return cwd;
}

static struct ft_owner **place_of(struct ft_open_files *f, int32_t tid)
{
	struct ft_owner **o = &f->owners[(uint32_t)tid % FT_OWNER_BUCKETS];

	while (*o && (*o)->tid != tid)
		o = &(*o)->chain;
	return o;
}

void ft_open_files_forget(struct ft_open_files *f, int32_t tid)
{
	struct ft_owner **place = place_of(f, tid), *o = *place;

	if (!o)
		return;
	*place = o->chain;
	put_fds(f, o->fds);
	put_cwd(f, o->cwd);
	give_back(f, o, sizeof(*o));
}

void ft_open_files_inherit(struct ft_open_files *f, int32_t tid, const struct ft_owner *from,
	bool shares_fds, bool shares_cwd)
{
	struct ft_owner *o;

	if (from && from->tid == tid)
		return;
	ft_open_files_forget(f, tid);
	o = take(f, sizeof(*o));
	if (!o)
		return;
	o->tid = tid;
	*place_of(f, tid) = o;
	if (from && from->fds && shares_fds) {
		o->fds = from->fds;
		o->fds->refs++;
	} else {
		o->fds = new_fds(f, from ? from->fds : NULL);
	}
	if (from && from->cwd && shares_cwd) {
		o->cwd = from->cwd;
		o->cwd->refs++;
	} else {
		o->cwd = new_cwd(f, from ? from->cwd : NULL);
	}
}

struct ft_owner *ft_open_files_owner(struct ft_open_files *f, int32_t tid, int32_t pid)
{
	struct ft_owner *o = *place_of(f, tid);

	if (o)
		return o;
	ft_open_files_inherit(f, tid, tid == pid ? NULL : *place_of(f, pid), true, true);
	return *place_of(f, tid);
}

void ft_open_files_unshare(struct ft_open_files *f, struct ft_owner *o, bool fds, bool cwd)
{
	if (fds && o->fds && o->fds->refs > 1) {
		struct ft_fds *own = new_fds(f, o->fds);

		put_fds(f, o->fds);
		o->fds = own;
	}
	if (cwd && o->cwd && o->cwd->refs > 1) {
		struct ft_cwd *own = new_cwd(f, o->cwd);

		put_cwd(f, o->cwd);
		o->cwd = own;
	}
}

struct ft_file *ft_open_files_find(const struct ft_owner *o, int32_t fd)
{
	if (fd == (int32_t)FT_LINK_CWD)
		return o->cwd ? o->cwd->file : NULL;
	return o->fds && fd >= 0 && (uint32_t)fd < o->fds->room ? o->fds->list[fd].file : NULL;
}

static bool grow(struct ft_open_files *f, struct ft_fds *fds, int32_t fd)
{
	uint32_t room = fds->room ? fds->room : 16;
	struct ft_fd *list;

	while ((uint32_t)fd >= room)
		room *= 2;
	list = take(f, room * sizeof(*list));
	if (!list)
		return false;
	if (fds->room)
		memcpy(list, fds->list, fds->room * sizeof(*list));
	give_back(f, fds->list, fds->room * sizeof(*list));
	fds->list = list;
	fds->room = room;
	return true;
}

void ft_open_files_set(struct ft_open_files *f, struct ft_owner *o, int32_t fd,
	struct ft_file *file, bool closes, uint64_t now_ns)
{
	struct ft_file *old;

	if (fd == (int32_t)FT_LINK_CWD) {
		if (!o->cwd)
			return;
		old = o->cwd->file;
		o->cwd->file = ft_file_get(file);
		ft_file_put(f, old);
		return;
	}
	if (!o->fds || fd < 0 || fd >= FT_FDS_MAX)
		return;
	if ((uint32_t)fd >= o->fds->room && (!file || !grow(f, o->fds, fd)))
		return;
	old = o->fds->list[fd].file;
	o->fds->list[fd] =
		(struct ft_fd){ .file = ft_file_get(file), .since_ns = now_ns, .closes = closes };
	ft_file_put(f, old);
}

void ft_open_files_close(struct ft_open_files *f, struct ft_owner *o, uint32_t first, uint32_t last,
	uint64_t before_ns, bool on_exec)
{
	if (!o->fds)
		return;
	for (uint64_t i = first; i <= last && i < o->fds->room; i++) {
		struct ft_fd *fd = &o->fds->list[i];

		if (fd->since_ns > before_ns)
			continue;
		if (on_exec) {
			fd->closes = true;
			continue;
		}
		ft_file_put(f, fd->file);
		fd->file = NULL;
	}
}

void ft_open_files_exec(struct ft_open_files *f, struct ft_owner *o, bool all)
{
	ft_open_files_unshare(f, o, true, true);
	for (uint32_t i = 0; o->fds && i < o->fds->room; i++) {
		struct ft_fd *fd = &o->fds->list[i];

		if (!all && !fd->closes)
			continue;
		ft_file_put(f, fd->file);
		*fd = (struct ft_fd){ 0 };
	}
}

void ft_open_files_free(struct ft_open_files *f)
{
	if (!f)
		return;
	for (int i = 0; i < FT_OWNER_BUCKETS; i++)
		while (f->owners[i])
			ft_open_files_forget(f, f->owners[i]->tid);
	while (f->made_count)
		ft_file_put(f, f->made[--f->made_count].file);
	free(f);
}
