/*
 * What descriptors are, kept from the calls themselves: see docs/decoding.md. All of it is bounded; what finds no room
 * is not known. Where no link was recorded, what pipe(2) makes is called pipe:[#N], both ends alike, and what
 * socketpair(2) makes socket:[#N] and socket:[#N+1], with an even N.
 */
#ifndef FT_DECODE_OPEN_FILES_H
#define FT_DECODE_OPEN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define FT_OPEN_FILES_BYTES ((size_t)64 << 20)
#define FT_FDS_MAX	    65536 /* of a table; higher ones are not kept */

/* What one or several descriptors are: those that were copied from each other are the same. */
struct ft_file {
	uint64_t name; /* 1 + its number among names that were given out; 0: none yet */
	uint32_t refs;
	uint32_t length, link_length; /* of bytes: as FT_PAYLOAD_LINK has it; of the link */
	struct ft_file *next, **at;
	uint8_t *bytes;
};

struct ft_fd {
	struct ft_file *file; /* NULL: not known */
	uint64_t since_ns; /* what closed it was called later, or closed another one */
	bool closes; /* on exec */
};

/* The descriptors of tasks that share them. */
struct ft_fds {
	uint32_t refs, room;
	struct ft_fd *list; /* by number */
};

struct ft_cwd {
	uint32_t refs;
	struct ft_file *file;
};

struct ft_owner {
	struct ft_owner *chain;
	int32_t tid;
	struct ft_fds *fds; /* NULL: there was no memory */
	struct ft_cwd *cwd;
};

#define FT_OWNER_BUCKETS 1024
#define FT_MADE_MAX	 1100

struct ft_made {
	int32_t fd;
	bool closes;
	struct ft_file *file; /* one reference; NULL: not known */
};

struct ft_open_files {
	struct ft_owner *owners[FT_OWNER_BUCKETS];
	struct ft_file *list;
	size_t count; /* of the list */
	size_t bytes;
	/* Of the call that is looked at: what its descriptors become. */
	struct ft_made made[FT_MADE_MAX];
	size_t made_count;
	uint64_t pairs; /* the next N of pipes and sockets that no link told of */
	bool replaces; /* it is all that the task has: of a new program */
	uint8_t kinds[FT_ABI_COUNT][FT_NR_MAX]; /* see opened.c; 0: not looked up yet */
};

int ft_open_files_new(struct ft_open_files **out);
void ft_open_files_free(struct ft_open_files *f);

/* The task's, made if nothing is known of it; NULL: no memory. */
struct ft_owner *ft_open_files_owner(struct ft_open_files *f, int32_t tid, int32_t pid);
void ft_open_files_forget(struct ft_open_files *f, int32_t tid);
/* It goes on with what another one has, its own or, of each, a copy. */
void ft_open_files_inherit(struct ft_open_files *f, int32_t tid, const struct ft_owner *from,
	bool shares_fds, bool shares_cwd);
/* It shares with nobody any more. */
void ft_open_files_unshare(struct ft_open_files *f, struct ft_owner *o, bool fds, bool cwd);

/* fd: or that of FT_LINK_CWD. NULL: not known. */
struct ft_file *ft_open_files_find(const struct ft_owner *o, int32_t fd);
void ft_open_files_set(struct ft_open_files *f, struct ft_owner *o, int32_t fd,
	struct ft_file *file, bool closes, uint64_t now_ns);
/* Those from first to last that have been there since before; on_exec: they are closed by an exec. */
void ft_open_files_close(struct ft_open_files *f, struct ft_owner *o, uint32_t first, uint32_t last,
	uint64_t before_ns, bool on_exec);
/* What an exec closes. all: everything, for what stays is told anew. */
void ft_open_files_exec(struct ft_open_files *f, struct ft_owner *o, bool all);

/* One reference; NULL: no room. */
struct ft_file *ft_file_new(struct ft_open_files *f, const void *bytes, size_t length);
/* It is something else now, or has another name. */
void ft_file_change(
	struct ft_open_files *f, struct ft_file *file, const void *bytes, size_t length);
struct ft_file *ft_file_get(struct ft_file *file);
void ft_file_put(struct ft_open_files *f, struct ft_file *file);

/* Paths from the root: what is open there has been renamed, or has no name any more. */
void ft_open_files_renamed(struct ft_open_files *f, const uint8_t *from, size_t length,
	const uint8_t *to, size_t size);
void ft_open_files_unlinked(struct ft_open_files *f, const uint8_t *path, size_t length);
bool ft_file_is_socket(const struct ft_file *file);
/* Who accepts a connection tells its other end of its own: UNIX-STREAM, PEER. */
void ft_open_files_met(struct ft_open_files *f, const struct ft_file *file);

#endif
