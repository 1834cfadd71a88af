/* What calls make of descriptors. */
#ifndef FT_DECODE_OPENED_H
#define FT_DECODE_OPENED_H

#include "decode/open_files.h"
#include "decode/walk.h"

/* Whether a call makes, copies or closes descriptors of sockets: where nothing else is asked for only those count. */
bool ft_opened_moves_sockets(struct ft_open_files *f, const struct ft_view *view);
/* Before a call is shown: what its descriptors become, which ft_opened_find() then tells. */
void ft_opened_begin(struct ft_open_files *f, const struct ft_view *view);
/* Behind it: they have become that, and what it closed is gone. */
void ft_opened_end(struct ft_open_files *f, const struct ft_view *view);
/* Both, for a call that nobody shows. */
void ft_opened_unseen(struct ft_open_files *f, const struct ft_view *view);
/* What is no call: births, ends, processes that are attached to. payload: from its first item on. */
void ft_opened_event(struct ft_open_files *f, const struct ft_event *ev, const uint8_t *payload,
	size_t payload_length);

/* What a descriptor of the call's task is; after: the call has ended. NULL: not known. */
const struct ft_file *ft_opened_find(
	struct ft_open_files *f, const struct ft_event *ev, int32_t fd, bool after);
/* Of a socket of netlink that no link tells of, too: then file_text.h knows its protocol alone. */
const struct ft_file *ft_opened_socket(
	struct ft_open_files *f, const struct ft_event *ev, int32_t fd);
/*
 * A path that a call was given, as an absolute one without links looked up: `to` has FT_STRING_MAX bytes. Returns its
 * length, 0: it is not known.
 */
size_t ft_opened_path(struct ft_open_files *f, const struct ft_event *ev, int32_t dirfd,
	const uint8_t *path, size_t length, uint8_t *to);

#endif
