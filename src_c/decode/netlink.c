#include "decode/netlink.h"

#include <linux/netlink.h>
#include <string.h>

#include "decode/families.h"
#include "decode/file_text.h"
#include "decode/opened.h"
#include "decode/protocols.h"
#include "decode/route.h"

#define DEPTH_MAX 4 /* of messages that an error was told of */
#define CAPPED	  0x100 /* NLM_F_CAPPED */
#define ACK_TLVS  0x200 /* NLM_F_ACK_TLVS */

int ft_netlink_protocol(struct ft_walk *walk)
{
	const struct ft_file *file;
	int protocol;

	/* sendfile(2) has no bytes. */
	if (!walk->files || !walk->shape || walk->is_shallow || walk->is_raw ||
		(strncmp(walk->shape->name, "send", 4) && strncmp(walk->shape->name, "recv", 4)))
		return -1;
	file = ft_opened_socket(walk->files, walk->view->event, (int32_t)walk->args[0]);
	protocol = file ? ft_file_netlink(file) : -1;
	return protocol == NETLINK_KOBJECT_UEVENT ? -1 : protocol; /* its messages have no header */
}

void ft_netlink_rest(struct ft_walk *walk, const struct ft_piece *p)
{
	size_t most = walk->string_max, shown = p->length < most ? p->length : most;

	walk->sink->ops->binary(walk->sink, p->data, shown, shown < p->size);
}

struct ft_piece ft_netlink_part(const struct ft_piece *p, uint64_t from, uint64_t size)
{
	uint64_t skip = from < p->length ? from : p->length;
	uint64_t left = p->length - skip;

	return (struct ft_piece){ p->data + skip, (size_t)(left < size ? left : size), size };
}

static void show_head(struct ft_walk *walk, const uint8_t *data)
{
	uint32_t type = (uint32_t)ft_load(data + 4, 2);

	ft_open(walk, "{");
	ft_next(walk, "nlmsg_len");
	ft_integer(walk, ft_load(data, 4), FT_UNSIGNED);
	ft_next(walk, "nlmsg_type");
	ft_message_type_shown(walk, type);
	ft_next(walk, "nlmsg_flags");
	ft_set_shown(walk, ft_message_flags(walk, type), ft_load(data + 6, 2));
	ft_next(walk, "nlmsg_seq");
	ft_integer(walk, ft_load(data + 8, 4), FT_UNSIGNED);
	ft_next(walk, "nlmsg_pid");
	ft_show_pid(walk, ft_load(data + 12, 4));
	ft_close(walk, "}");
}

static void show_message(struct ft_walk *walk, const struct ft_piece *p, unsigned depth);

void ft_show_negative_errno(struct ft_walk *walk, uint64_t value)
{
	int32_t error = (int32_t)value;
	const struct ft_member *m =
		error < 0 ? ft_member_of(&ft_sets[FT_SET_ERRNO], (uint64_t)-(int64_t)error) : NULL;
	char name[64];

	if (!m || m->length > sizeof(name) - 2) {
		ft_integer(walk, (uint64_t)(int64_t)error, FT_SIGNED);
		return;
	}
	name[0] = '-';
	memcpy(name + 1, m->name, m->length);
	name[1 + m->length] = '\0';
	ft_named(walk, (uint64_t)(int64_t)error, FT_SIGNED, name);
}

/* struct nlmsgerr: the message that it answers, and what else there is to say. */
static void show_error(
	struct ft_walk *walk, const struct ft_piece *p, uint32_t flags, unsigned depth)
{
	uint64_t size = p->size - 4, told;
	struct ft_piece message, rest;

	told = size;
	if (flags & CAPPED)
		told = NLMSG_HDRLEN;
	else if (flags & ACK_TLVS)
		told = ft_load(p->data + 4, 4);
	if (told < NLMSG_HDRLEN)
		told = NLMSG_HDRLEN;
	if (told > size)
		told = size;
	message = ft_netlink_part(p, 4, told);
	rest = ft_netlink_part(p, 4 + ((told + 3) & ~UINT64_C(3)), 0);
	rest.size = size > ((told + 3) & ~UINT64_C(3)) ? size - ((told + 3) & ~UINT64_C(3)) : 0;
	rest = ft_netlink_part(p, p->size - rest.size, rest.size);
	if (flags & ACK_TLVS && rest.size)
		ft_open(walk, "[");
	if (flags & ACK_TLVS && rest.size)
		ft_next(walk, NULL);
	ft_open(walk, "{");
	ft_next(walk, "error");
	ft_show_negative_errno(walk, ft_load(p->data, 4));
	ft_next(walk, "msg");
	show_message(walk, &message, depth + 1);
	ft_close(walk, "}");
	if (flags & ACK_TLVS && rest.size) {
		ft_next(walk, NULL);
		ft_route_error_attributes(walk, &rest);
		ft_close(walk, "]");
	}
}

static void show_payload(
	struct ft_walk *walk, const struct ft_piece *p, const uint8_t *head, unsigned depth)
{
	uint32_t type = (uint32_t)ft_load(head + 4, 2), flags = (uint32_t)ft_load(head + 6, 2);

	if (type == NLMSG_ERROR && p->length >= 4 + NLMSG_HDRLEN && depth < DEPTH_MAX)
		show_error(walk, p, flags, depth);
	else if (type == NLMSG_DONE && p->size == 4 && p->length == 4)
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)ft_load(p->data, 4), FT_SIGNED);
	else
		ft_message_shown(walk, type, flags, p);
}

/* p: of one message, with its header. */
static void show_message(struct ft_walk *walk, const struct ft_piece *p, unsigned depth)
{
	struct ft_piece payload;

	if (p->size <= NLMSG_HDRLEN) {
		show_head(walk, p->data);
		return;
	}
	payload = ft_netlink_part(p, NLMSG_HDRLEN, p->size - NLMSG_HDRLEN);
	ft_open(walk, "[");
	ft_next(walk, NULL);
	show_head(walk, p->data);
	if (payload.length) {
		ft_next(walk, NULL);
		show_payload(walk, &payload, p->data, depth);
	} else {
		ft_more(walk); /* it was not copied */
	}
	ft_close(walk, "]");
}

/* How far it is to the next; 0: there is none. */
static uint64_t step_of(uint64_t length, uint64_t head, uint64_t size)
{
	uint64_t step = (length + 3) & ~UINT64_C(3);

	return length < head || step >= size ? 0 : step;
}

void ft_netlink_chain(
	struct ft_walk *walk, struct ft_piece p, const struct ft_chain *chain, const void *data)
{
	const uint64_t head = chain->head;
	uint64_t length, step;
	struct ft_piece one;
	bool several;

	if (p.size < head) {
		ft_netlink_rest(walk, &p);
		return;
	}
	if (p.length < head) {
		walk->sink->ops->more(walk->sink);
		return;
	}
	several = step_of(ft_load(p.data, chain->length_size), head, p.size);
	if (several)
		ft_open(walk, "[");
	for (uint32_t n = 0;; n++) {
		if (several && (n == walk->elements_max || !walk->elements_left ||
				       (p.length < head && p.length < p.size))) {
			ft_more(walk);
			break;
		}
		walk->elements_left -= several;
		if (several)
			ft_next(walk, NULL);
		if (p.size < head) {
			ft_netlink_rest(walk, &p);
			break;
		}
		length = ft_load(p.data, chain->length_size);
		step = step_of(length, head, p.size);
		one = ft_netlink_part(&p, 0,
			length < head	  ? head
			: length < p.size ? length
					  : p.size);
		chain->show(walk, &one, data);
		if (!step)
			break;
		p = ft_netlink_part(&p, step, p.size - step);
	}
	if (several)
		ft_close(walk, "]");
}

static void show_outer(struct ft_walk *walk, const struct ft_piece *p, const void *unused)
{
	(void)unused;
	show_message(walk, p, 0);
}

bool ft_netlink_shown(struct ft_walk *walk, const struct ft_memory *memory, uint64_t size)
{
	static const struct ft_chain messages = {
		.head = NLMSG_HDRLEN, .length_size = 4, .show = show_outer
	};
	const struct ft_piece p = { memory->data, memory->length, size };

	if (memory->found == FT_FAULT || !memory->data || !p.length ||
		(p.length < NLMSG_HDRLEN && p.length < p.size))
		return false;
	ft_netlink_chain(walk, p, &messages, NULL);
	return true;
}
