#define _GNU_SOURCE
#include "decode/links.h"

#include <sched.h>
#include <string.h>

#include "decode/opened.h"

struct ft_owner *ft_opened_owner(struct ft_open_files *f, const struct ft_event *ev)
{
	/* The execve of a thread makes it the first one of its process. */
	return ft_open_files_owner(f, ev->tid, ev->pid);
}

bool ft_link_next(const uint8_t *payload, size_t length, size_t *at, struct ft_payload *head,
	const uint8_t **bytes)
{
	for (; *at <= length && length - *at >= sizeof(*head);) {
		memcpy(head, payload + *at, sizeof(*head));
		*bytes = payload + *at + sizeof(*head);
		if (head->length > length - *at - sizeof(*head))
			break;
		*at += FT_PAYLOAD_SIZE(head->length);
		if (!(head->flags & FT_PAYLOAD_MORE))
			*at = SIZE_MAX;
		if (head->type == FT_PAYLOAD_LINK)
			return true;
	}
	return false;
}

static void attached(struct ft_open_files *f, const struct ft_event *ev, const uint8_t *payload,
	size_t payload_length)
{
	struct ft_owner *o = ft_open_files_owner(f, ev->tid, ev->pid);
	struct ft_payload head;
	const uint8_t *bytes;
	struct ft_file *file;
	size_t at = 0;

	while (o && ft_link_next(payload, payload_length, &at, &head, &bytes)) {
		file = ft_file_new(f, bytes, head.length);
		ft_open_files_set(f, o, (int32_t)head.address, file, false, ev->time_ns);
		ft_file_put(f, file);
	}
}

void ft_opened_event(struct ft_open_files *f, const struct ft_event *ev, const uint8_t *payload,
	size_t payload_length)
{
	bool is_thread = ev->flags & FT_FLAG_THREAD;

	switch (ev->kind) {
	case FT_KIND_FORK:
		ft_open_files_inherit(f, (int32_t)ev->ret, ft_opened_owner(f, ev),
			is_thread || ev->args[1] & CLONE_FILES,
			is_thread || ev->args[1] & CLONE_FS);
		break;
	case FT_KIND_EXIT:
		ft_open_files_forget(f, ev->tid);
		break;
	case FT_KIND_ATTACH:
		attached(f, ev, payload, payload_length);
		break;
	default:
		break;
	}
}

static const struct ft_file *told(const struct ft_file *file)
{
	return file && file->link_length ? file : NULL;
}

const struct ft_file *ft_opened_find(
	struct ft_open_files *f, const struct ft_event *ev, int32_t fd, bool after)
{
	const struct ft_owner *o;

	for (size_t i = f->made_count; after && i-- > 0;)
		if (f->made[i].fd == fd)
			return told(f->made[i].file);
	o = ft_opened_owner(f, ev);
	return o ? told(ft_open_files_find(o, fd)) : NULL;
}

const struct ft_file *ft_opened_socket(
	struct ft_open_files *f, const struct ft_event *ev, int32_t fd)
{
	const struct ft_owner *o = ft_opened_owner(f, ev);

	return o ? ft_open_files_find(o, fd) : NULL;
}
