#define _GNU_SOURCE
#include "decode/opened.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/links.h"
#include "decode/paths.h"

#define CLOSE_RANGE_UNSHARED 2 /* linux/close_range.h */
#define CLOSE_RANGE_ON_EXEC  4
#define NO_FLAGS	     255

enum kind {
	NOT_LOOKED_UP,
	NOTHING,
	MAKES, /* its result, or what /proc told of */
	OPENS, /* argument `first` is a path, the one before a directory */
	OPENS_HERE, /* the same without a directory */
	IS_ANONYMOUS,
	IS_PAIR, /* argument `first` points to two */
	COPIES,
	COPIES_OVER,
	CONTROLS,
	CLOSES,
	CLOSES_RANGE,
	CHANGES_DIR,
	CHANGES_DIR_TO,
	EXECUTES,
	UNSHARES,
	RENAMES,
	RENAMES_AT,
	UNLINKS,
	UNLINKS_AT,
};

static const struct known {
	const char *name;
	uint8_t kind, first;
	uint8_t flags; /* argument with O_CLOEXEC */
	const char *link; /* of an anonymous one */
} known[] = {
	{ "open", OPENS_HERE, 0, 1, NULL },
	{ "openat", OPENS, 1, 2, NULL },
	{ "openat2", OPENS, 1, NO_FLAGS, NULL },
	{ "creat", OPENS_HERE, 0, NO_FLAGS, NULL },
	{ "dup", COPIES, 0, NO_FLAGS, NULL },
	{ "dup2", COPIES_OVER, 0, NO_FLAGS, NULL },
	{ "dup3", COPIES_OVER, 0, 2, NULL },
	{ "fcntl", CONTROLS, 0, NO_FLAGS, NULL },
	{ "fcntl64", CONTROLS, 0, NO_FLAGS, NULL },
	{ "close", CLOSES, 0, NO_FLAGS, NULL },
	{ "close_range", CLOSES_RANGE, 0, NO_FLAGS, NULL },
	{ "chdir", CHANGES_DIR, 0, NO_FLAGS, NULL },
	{ "fchdir", CHANGES_DIR_TO, 0, NO_FLAGS, NULL },
	{ "execve", EXECUTES, 0, NO_FLAGS, NULL },
	{ "execveat", EXECUTES, 0, NO_FLAGS, NULL },
	{ "unshare", UNSHARES, 0, NO_FLAGS, NULL },
	{ "rename", RENAMES, 0, NO_FLAGS, NULL },
	{ "renameat", RENAMES_AT, 0, NO_FLAGS, NULL },
	{ "renameat2", RENAMES_AT, 0, NO_FLAGS, NULL },
	{ "unlink", UNLINKS, 0, NO_FLAGS, NULL },
	{ "rmdir", UNLINKS, 0, NO_FLAGS, NULL },
	{ "unlinkat", UNLINKS_AT, 0, NO_FLAGS, NULL },
	{ "socket", MAKES, 0, 1, NULL },
	{ "socketpair", IS_PAIR, 3, 1, "socket" },
	{ "accept4", MAKES, 0, 3, NULL },
	{ "pipe", IS_PAIR, 0, NO_FLAGS, "pipe" },
	{ "pipe2", IS_PAIR, 0, 1, "pipe" },
	{ "eventfd", IS_ANONYMOUS, 0, NO_FLAGS, "anon_inode:[eventfd]" },
	{ "eventfd2", IS_ANONYMOUS, 0, 1, "anon_inode:[eventfd]" },
	{ "epoll_create", IS_ANONYMOUS, 0, NO_FLAGS, "anon_inode:[eventpoll]" },
	{ "epoll_create1", IS_ANONYMOUS, 0, 0, "anon_inode:[eventpoll]" },
	{ "timerfd_create", IS_ANONYMOUS, 0, 1, "anon_inode:[timerfd]" },
	{ "signalfd", IS_ANONYMOUS, 0, NO_FLAGS, "anon_inode:[signalfd]" },
	{ "signalfd4", IS_ANONYMOUS, 0, 3, "anon_inode:[signalfd]" },
	{ "inotify_init", IS_ANONYMOUS, 0, NO_FLAGS, "anon_inode:inotify" },
	{ "inotify_init1", IS_ANONYMOUS, 0, 0, "anon_inode:inotify" },
	{ "pidfd_open", IS_ANONYMOUS, 0, NO_FLAGS, "anon_inode:[pidfd]" },
};
#define KNOWN	 (sizeof(known) / sizeof(known[0]))
#define NO_ENTRY 254 /* in ft_files.kinds: it has none, and makes nothing by itself */

static_assert(KNOWN < NO_ENTRY - 1, "they have a byte");

static const struct known *known_of(struct ft_open_files *f, const struct ft_walk *walk)
{
	const struct ft_event *ev = walk->view->event;
	uint8_t *kind;

	if (ev->abi >= FT_ABI_COUNT || (uint32_t)ev->nr >= FT_NR_MAX || !walk->shape)
		return NULL;
	kind = &f->kinds[ev->abi][ev->nr];
	if (!*kind) {
		*kind = NO_ENTRY;
		for (size_t i = 0; i < KNOWN; i++)
			if (!strcmp(known[i].name, walk->shape->name))
				*kind = (uint8_t)(i + 1);
	}
	return *kind == NO_ENTRY ? NULL : &known[*kind - 1];
}

static void add(struct ft_open_files *f, int32_t fd, struct ft_file *file, bool closes)
{
	if (f->made_count == FT_MADE_MAX) {
		ft_file_put(f, file);
		return;
	}
	f->made[f->made_count++] = (struct ft_made){ .fd = fd, .closes = closes, .file = file };
}

/* What /proc told. */
static bool add_links(struct ft_open_files *f, const struct ft_view *view, bool closes)
{
	struct ft_payload head;
	const uint8_t *bytes;
	size_t at = 0, before = f->made_count;

	while (ft_link_next(view->payload, view->payload_length, &at, &head, &bytes))
		add(f, (int32_t)head.address, ft_file_new(f, bytes, head.length), closes);
	return f->made_count > before;
}

static struct ft_memory path_at(const struct ft_walk *walk, unsigned argument)
{
	struct ft_memory memory = ft_string_at(walk->view, false, walk->args[argument]);

	if (memory.found != FT_HERE)
		memory.length = 0;
	return memory;
}

size_t ft_opened_path(struct ft_open_files *f, const struct ft_event *ev, int32_t dirfd,
	const uint8_t *path, size_t length, uint8_t *to)
{
	const struct ft_owner *o = ft_opened_owner(f, ev);
	const struct ft_file *base = NULL;

	if (!length)
		return 0;
	if (path[0] != '/')
		base = o ? ft_open_files_find(o, dirfd) : NULL;
	if (path[0] != '/' && (!base || !base->link_length))
		return 0;
	return ft_path_join(
		base ? base->bytes : NULL, base ? base->link_length : 0, path, length, to);
}

/* The path in an argument; dirfd: that before, or AT_FDCWD. */
static size_t absolute(struct ft_open_files *f, const struct ft_walk *walk, unsigned argument,
	bool at, uint8_t *to)
{
	struct ft_memory path = path_at(walk, argument);

	return ft_opened_path(f, walk->view->event,
		at && argument ? (int32_t)walk->args[argument - 1] : AT_FDCWD, path.data,
		path.length, to);
}

static struct ft_file *opened_at(
	struct ft_open_files *f, const struct ft_walk *walk, unsigned argument, bool at)
{
	uint8_t path[FT_STRING_MAX];
	size_t length = absolute(f, walk, argument, at, path);

	return length ? ft_file_new(f, path, length) : NULL;
}

/* Of one without a link its arguments say what its messages are. */
static struct ft_file *netlink_socket(struct ft_open_files *f, const struct ft_walk *walk)
{
	char bytes[32];
	int length;

	if (strcmp(walk->shape->name, "socket") || (int32_t)walk->args[0] != AF_NETLINK)
		return NULL;
	length = snprintf(bytes, sizeof(bytes), "%cNETLINK%c%u", 0, 0, (unsigned)walk->args[2]);
	return ft_file_new(f, bytes, (size_t)length);
}

static bool closes_on_exec(const struct known *k, const struct ft_walk *walk)
{
	return k && k->flags != NO_FLAGS && walk->args[k->flags] & O_CLOEXEC;
}

static void add_copy(
	struct ft_open_files *f, const struct ft_owner *o, int32_t from, int32_t to, bool closes)
{
	add(f, to, o ? ft_file_get(ft_open_files_find(o, from)) : NULL, closes);
}

/* Nobody has told what they are, but that they belong together. */
static void add_pair(
	struct ft_open_files *f, const struct ft_walk *walk, const struct known *k, bool closes)
{
	struct ft_memory two = ft_memory_at(walk->view, true, walk->args[k->first], 8);
	uint64_t number = f->pairs;
	char link[40];

	if (two.found != FT_HERE)
		return;
	f->pairs += 2;
	for (int i = 0; i < 2; i++) {
		/* Both ends of a pipe are one file to the kernel, two sockets are two. */
		bool is_second = i && strcmp(k->link, "pipe");
		int length = snprintf(link, sizeof(link), "%s:[#%llu]", k->link,
			(unsigned long long)(number + is_second));

		add(f, (int32_t)ft_load(two.data + 4 * i, 4), ft_file_new(f, link, (size_t)length),
			closes);
	}
}

bool ft_opened_moves_sockets(struct ft_open_files *f, const struct ft_view *view)
{
	const struct ft_event *ev = view->event;
	struct ft_walk walk;
	uint8_t kind;

	if (ev->abi >= FT_ABI_COUNT || (uint32_t)ev->nr >= FT_NR_MAX)
		return false;
	if (!f->kinds[ev->abi][ev->nr]) {
		ft_walk_start(&walk, view, NULL);
		known_of(f, &walk);
	}
	kind = f->kinds[ev->abi][ev->nr];
	if (!kind || kind == NO_ENTRY)
		return false;
	switch (known[kind - 1].kind) {
	case MAKES:
	case COPIES:
	case COPIES_OVER:
	case CONTROLS:
	case CLOSES:
	case CLOSES_RANGE:
	case EXECUTES:
	case UNSHARES:
		return true;
	}
	return false;
}

void ft_opened_begin(struct ft_open_files *f, const struct ft_view *view)
{
	const struct known *k;
	struct ft_owner *o;
	struct ft_walk walk;
	struct ft_file *file = NULL;
	int32_t fd;
	bool closes;

	while (f->made_count)
		ft_file_put(f, f->made[--f->made_count].file);
	ft_walk_start(&walk, view, NULL);
	k = known_of(f, &walk);
	o = ft_opened_owner(f, view->event);
	closes = closes_on_exec(k, &walk);
	f->replaces = k && k->kind == EXECUTES;
	if (add_links(f, view, closes) || walk.failed)
		return;
	fd = (int32_t)walk.ret;
	switch (k ? k->kind : NOTHING) {
	case OPENS:
	case OPENS_HERE:
		file = opened_at(f, &walk, k->first, k->kind == OPENS);
		break;
	case IS_ANONYMOUS:
		file = ft_file_new(f, k->link, strlen(k->link));
		break;
	case IS_PAIR:
		add_pair(f, &walk, k, closes);
		return;
	case MAKES:
		file = netlink_socket(f, &walk);
		break;
	case COPIES:
	case COPIES_OVER:
		add_copy(f, o, (int32_t)walk.args[0], fd, closes);
		return;
	case CONTROLS:
		if ((int32_t)walk.args[1] == F_DUPFD || (int32_t)walk.args[1] == F_DUPFD_CLOEXEC)
			add_copy(f, o, (int32_t)walk.args[0], fd,
				(int32_t)walk.args[1] == F_DUPFD_CLOEXEC);
		return;
	case CHANGES_DIR:
		file = opened_at(f, &walk, 0, false);
		add(f, (int32_t)FT_LINK_CWD, file, false);
		return;
	case CHANGES_DIR_TO:
		add_copy(f, o, (int32_t)walk.args[0], (int32_t)FT_LINK_CWD, false);
		return;
	default:
		break;
	}
	if (walk.shape && walk.shape->result == FT_RESULT_FD)
		add(f, fd, file, closes);
}

static void renamed(struct ft_open_files *f, const struct ft_walk *walk, bool at)
{
	uint8_t from[FT_STRING_MAX], to[FT_STRING_MAX];
	size_t length = absolute(f, walk, at ? 1 : 0, at, from);
	size_t size = absolute(f, walk, at ? 3 : 1, at, to);

	/* RENAME_EXCHANGE */
	if (length && size && !(at && walk->shape->nargs > 4 && walk->args[4] & 2))
		ft_open_files_renamed(f, from, length, to, size);
}

/* A call that has ended well; what it makes is set behind that. */
static void changed(struct ft_open_files *f, const struct ft_walk *walk, const struct known *k,
	struct ft_owner *o, uint64_t end_ns)
{
	uint8_t path[FT_STRING_MAX];

	switch (k->kind) {
	case CLOSES_RANGE:
		if (walk->args[2] & CLOSE_RANGE_UNSHARED)
			ft_open_files_unshare(f, o, true, false);
		ft_open_files_close(f, o, (uint32_t)walk->args[0], (uint32_t)walk->args[1], end_ns,
			walk->args[2] & CLOSE_RANGE_ON_EXEC);
		break;
	case CONTROLS:
		if ((int32_t)walk->args[1] == F_SETFD) {
			int32_t fd = (int32_t)walk->args[0];

			ft_open_files_set(f, o, fd, ft_open_files_find(o, fd),
				walk->args[2] & FD_CLOEXEC, end_ns);
		}
		break;
	case UNSHARES:
		ft_open_files_unshare(f, o, walk->args[0] & CLONE_FILES,
			walk->args[0] & (CLONE_FS | CLONE_NEWNS));
		break;
	case RENAMES:
	case RENAMES_AT:
		renamed(f, walk, k->kind == RENAMES_AT);
		break;
	case UNLINKS:
	case UNLINKS_AT:
		ft_open_files_unlinked(f, path,
			absolute(f, walk, k->kind == UNLINKS_AT, k->kind == UNLINKS_AT, path));
		break;
	case EXECUTES:
		ft_open_files_exec(f, o, f->made_count);
		break;
	default:
		break;
	}
}

/* A socket that is known already is the same, with other addresses perhaps. */
static void settle(
	struct ft_open_files *f, struct ft_owner *o, const struct ft_made *made, uint64_t now_ns)
{
	struct ft_file *was = ft_open_files_find(o, made->fd), *is = made->file;

	if (is && was && ft_file_is_socket(is) && was->link_length == is->link_length &&
		!memcmp(was->bytes, is->bytes, is->link_length))
		ft_file_change(f, was, is->bytes, is->length);
	else
		ft_open_files_set(f, o, made->fd, is, made->closes, now_ns);
	if (is && ft_file_is_socket(is))
		ft_open_files_met(f, is);
}

void ft_opened_end(struct ft_open_files *f, const struct ft_view *view)
{
	const struct ft_event *ev = view->event;
	uint64_t end_ns = ev->time_ns + ev->duration_ns;
	const struct known *k;
	struct ft_owner *o;
	struct ft_walk walk;

	ft_walk_start(&walk, view, NULL);
	k = known_of(f, &walk);
	/* The execve of a thread makes it the first one of its process. */
	o = k && k->kind == EXECUTES && !walk.failed ? ft_open_files_owner(f, ev->pid, ev->pid)
						     : ft_opened_owner(f, ev);
	if (o && k && k->kind == CLOSES)
		ft_open_files_close(
			f, o, (uint32_t)walk.args[0], (uint32_t)walk.args[0], ev->time_ns, false);
	else if (o && k && !walk.failed)
		changed(f, &walk, k, o, end_ns);
	while (f->made_count) {
		const struct ft_made *made = &f->made[--f->made_count];

		if (o)
			settle(f, o, made, end_ns);
		ft_file_put(f, made->file);
	}
}

void ft_opened_unseen(struct ft_open_files *f, const struct ft_view *view)
{
	ft_opened_begin(f, view);
	ft_opened_end(f, view);
}
