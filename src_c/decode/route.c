#include "decode/route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/families.h"
#include "decode/sockets.h"
#include "decode/text.h"

#define ATTRIBUTE_HEAD 4u /* struct nlattr */
#define TYPE_MASK      0x3fff /* NLA_TYPE_MASK */
#define HARDWARE_MAX   32u /* MAX_ADDR_LEN */

/*
 * What values of attributes are, a letter for each type from 0 on: S a name, 1, 2, 4, 8 numbers of so many bytes, x and d
 * of four in hexadecimal or with a sign, h a hardware address, a one of the message's family, f and F flags, c a struct of
 * times, l and L statistics; others are shown as bytes.
 */
struct attributes {
	unsigned set;
	const char *kinds;
	unsigned times;
};

/*				       0         1         2         3         4         5         6         */
static const struct attributes link_attributes = { FT_SET_IFLA,
	".hhS44Sl" /* to STATS */ "..4..4.4" /* to WEIGHT */ "11.4S4.L" /* to STATS64 */
	"...44F4441.4" /* to CARRIER_CHANGES */ ".dS144" /* to GSO_MAX_SIZE */
	"..4dd44444.Sh.SS444" /* to TSO_MAX_SEGS */ "4.44.....",
	0 };
static const struct attributes address_attributes = { FT_SET_IFA, ".aaSaacaf4d",
	FT_STRUCT_IFA_CACHEINFO };
static const struct attributes route_attributes = { FT_SET_RTA, ".aa44a4a...4c..x4...1....41...4",
	FT_STRUCT_RTA_CACHEINFO };
static const struct attributes neighbour_attributes = { FT_SET_NDA, ".ahc42.444d",
	FT_STRUCT_NDA_CACHEINFO };
static const struct attributes error_attributes = { FT_SET_NLMSGERR_ATTRIBUTE, ".S4", 0 };

static void show_hardware(struct ft_walk *walk, const struct ft_piece *p)
{
	char buffer[3 * HARDWARE_MAX];
	size_t n = p->length < HARDWARE_MAX ? p->length : HARDWARE_MAX;

	for (size_t i = 0; i < n; i++) {
		buffer[3 * i] = "0123456789abcdef"[p->data[i] >> 4];
		buffer[3 * i + 1] = "0123456789abcdef"[p->data[i] & 15];
		buffer[3 * i + 2] = ':';
	}
	walk->sink->ops->word(walk->sink, buffer, n ? 3 * n - 1 : 0);
}

/* A name with its NUL; what has none is told as cut. */
static void show_name(struct ft_walk *walk, const struct ft_piece *p)
{
	size_t length = strnlen((const char *)p->data, p->length);
	size_t shown = length < walk->string_max ? length : walk->string_max;

	walk->sink->ops->string(
		walk->sink, p->data, shown, length >= walk->string_max || length == p->length);
}

static unsigned number_size(char kind)
{
	switch (kind) {
	case '1':
	case '2':
	case '4':
	case '8':
		return (unsigned)(kind - '0');
	case 'x':
	case 'd':
	case 'f':
	case 'F':
		return 4;
	}
	return 0;
}

static void show_value(struct ft_walk *walk, const struct attributes *of, uint32_t type,
	uint8_t family, const struct ft_piece *p)
{
	char kind = type < strlen(of->kinds) ? of->kinds[type] : '.';
	unsigned structure = kind == 'l'   ? FT_STRUCT_LINK_STATS
			     : kind == 'L' ? FT_STRUCT_LINK_STATS64
					   : of->times;
	struct ft_memory memory = { .data = p->data, .length = p->length, .found = FT_HERE };
	uint64_t value = 0;

	if (number_size(kind) && p->length >= number_size(kind))
		memcpy(&value, p->data, number_size(kind));
	else if (number_size(kind))
		kind = '.';
	switch (kind) {
	case '1':
	case '2':
	case '4':
	case '8':
		ft_integer(walk, value, FT_UNSIGNED);
		return;
	case 'x':
		ft_integer(walk, value, FT_HEX);
		return;
	case 'd':
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)value, FT_SIGNED);
		return;
	case 'f':
		ft_set_shown(walk, FT_SET_IFA_FLAGS, value);
		return;
	case 'F':
		ft_set_shown(walk, FT_SET_LINK_FILTER, value);
		return;
	case 'S':
		show_name(walk, p);
		return;
	case 'h':
		if (p->length < p->size || p->size > HARDWARE_MAX || walk->constants == FT_NUMBERS)
			break;
		show_hardware(walk, p);
		return;
	case 'a':
		if (p->length == p->size && ft_inet_shown(walk, family, p->data, p->length))
			return;
		break;
	case 'c':
	case 'l':
	case 'L':
		if (ft_walk_struct(walk, structure, &memory))
			return;
		break;
	}
	ft_netlink_rest(walk, p);
}

static void show_type(struct ft_walk *walk, unsigned set, uint32_t type)
{
	char buffer[128];
	struct ft_text text;

	if (!(type & ~TYPE_MASK)) {
		ft_set_shown(walk, set, type);
		return;
	}
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	if (walk->constants == FT_NUMBERS) {
		ft_put_hex(&text, type & ~TYPE_MASK);
		ft_puts(&text, "|");
		ft_put_hex(&text, type & TYPE_MASK);
		walk->sink->ops->word(walk->sink, buffer, (size_t)(text.at - buffer));
		return;
	}
	if (type & NLA_F_NESTED)
		ft_puts(&text, "NLA_F_NESTED|");
	if (type & NLA_F_NET_BYTEORDER)
		ft_puts(&text, "NLA_F_NET_BYTEORDER|");
	ft_put_set(&text, &ft_sets[set], type & TYPE_MASK);
	walk->sink->ops->named(walk->sink, type, FT_HEX, buffer, (size_t)(text.at - buffer));
}

struct attributes_of_family {
	const struct attributes *of;
	uint8_t family;
};

/* One with its header. */
static void show_attribute(struct ft_walk *walk, const struct ft_piece *p, const void *data)
{
	const struct attributes_of_family *known = data;
	uint32_t type = (uint32_t)ft_load(p->data + 2, 2);
	struct ft_piece value = ft_netlink_part(p, ATTRIBUTE_HEAD, p->size - ATTRIBUTE_HEAD);

	if (value.size) {
		ft_open(walk, "[");
		ft_next(walk, NULL);
	}
	ft_open(walk, "{");
	ft_next(walk, "nla_len");
	ft_integer(walk, ft_load(p->data, 2), FT_UNSIGNED);
	ft_next(walk, "nla_type");
	show_type(walk, known->of->set, type);
	ft_close(walk, "}");
	if (!value.size)
		return;
	if (value.length) {
		ft_next(walk, NULL);
		show_value(walk, known->of, type & TYPE_MASK, known->family, &value);
	} else {
		ft_netlink_more(walk);
	}
	ft_close(walk, "]");
}

static void show_attributes(
	struct ft_walk *walk, const struct attributes *of, uint8_t family, struct ft_piece p)
{
	static const struct ft_chain chain = {
		.head = ATTRIBUTE_HEAD, .length_size = 2, .show = show_attribute
	};
	const struct attributes_of_family data = { of, family };

	ft_netlink_chain(walk, p, &chain, &data);
}

void ft_route_error_attributes(struct ft_walk *walk, const struct ft_piece *p)
{
	show_attributes(walk, &error_attributes, 0, *p);
}

/* What has no comment where it has no name. */
static void show_plain(struct ft_walk *walk, unsigned set, uint64_t value)
{
	if (ft_member_of(&ft_sets[set], value))
		ft_set_shown(walk, set, value);
	else
		ft_integer(walk, value, FT_HEX);
}

static void number(struct ft_walk *walk, const char *name, uint64_t value)
{
	ft_next(walk, name);
	ft_integer(walk, value, FT_UNSIGNED);
}

static void show_link(struct ft_walk *walk, const uint8_t *data)
{
	ft_next(walk, "ifi_type");
	ft_set_shown(walk, FT_SET_HARDWARE, ft_load(data + 2, 2));
	number(walk, "ifi_index", ft_load(data + 4, 4));
	ft_next(walk, "ifi_flags");
	ft_set_shown(walk, FT_SET_INTERFACE_FLAGS, ft_load(data + 8, 4));
	ft_next(walk, "ifi_change");
	ft_integer(walk, ft_load(data + 12, 4), FT_HEX);
}

static void show_address(struct ft_walk *walk, const uint8_t *data)
{
	number(walk, "ifa_prefixlen", data[1]);
	ft_next(walk, "ifa_flags");
	ft_set_shown(walk, FT_SET_IFA_FLAGS, data[2]);
	ft_next(walk, "ifa_scope");
	show_plain(walk, FT_SET_ROUTE_SCOPE, data[3]);
	number(walk, "ifa_index", ft_load(data + 4, 4));
}

static void show_route(struct ft_walk *walk, const uint8_t *data)
{
	number(walk, "rtm_dst_len", data[1]);
	number(walk, "rtm_src_len", data[2]);
	ft_next(walk, "rtm_tos");
	ft_set_shown(walk, FT_SET_ROUTE_TOS, data[3]);
	ft_next(walk, "rtm_table");
	show_plain(walk, FT_SET_ROUTE_TABLE, data[4]);
	ft_next(walk, "rtm_protocol");
	ft_set_shown(walk, FT_SET_ROUTE_PROTOCOL, data[5]);
	ft_next(walk, "rtm_scope");
	show_plain(walk, FT_SET_ROUTE_SCOPE, data[6]);
	ft_next(walk, "rtm_type");
	ft_set_shown(walk, FT_SET_ROUTE_TYPE, data[7]);
	ft_next(walk, "rtm_flags");
	ft_set_shown(walk, FT_SET_ROUTE_FLAGS, ft_load(data + 8, 4));
}

static void show_neighbour(struct ft_walk *walk, const uint8_t *data)
{
	number(walk, "ndm_ifindex", ft_load(data + 4, 4));
	ft_next(walk, "ndm_state");
	ft_set_shown(walk, FT_SET_NEIGHBOUR_STATE, ft_load(data + 8, 2));
	ft_next(walk, "ndm_flags");
	ft_set_shown(walk, FT_SET_NEIGHBOUR_FLAGS, data[10]);
	ft_next(walk, "ndm_type");
	ft_set_shown(walk, FT_SET_ROUTE_TYPE, data[11]);
}

static const struct family {
	uint16_t first, last; /* types of messages */
	const char *name; /* of the byte that all begin with, the address family */
	uint8_t size;
	void (*show)(struct ft_walk *walk, const uint8_t *data);
	const struct attributes *attributes;
} families[] = {
	{ RTM_NEWLINK, RTM_SETLINK, "ifi_family", 16, show_link, &link_attributes },
	{ RTM_NEWADDR, RTM_GETADDR, "ifa_family", 8, show_address, &address_attributes },
	{ RTM_NEWROUTE, RTM_GETROUTE, "rtm_family", 12, show_route, &route_attributes },
	{ RTM_NEWNEIGH, RTM_GETNEIGH, "ndm_family", 12, show_neighbour, &neighbour_attributes },
};

static void show_family(struct ft_walk *walk, const char *name, uint8_t family)
{
	ft_open(walk, "{");
	ft_next(walk, name);
	ft_set_shown(walk, FT_SET_SOCKET_FAMILY, family);
}

void ft_route_shown(struct ft_walk *walk, uint32_t type, const struct ft_piece *p)
{
	struct ft_piece rest;
	uint8_t family = p->data[0];

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *f = &families[i];

		if (type < f->first || type > f->last)
			continue;
		show_family(walk, f->name, family);
		if (p->length < f->size)
			ft_netlink_more(walk);
		else
			f->show(walk, p->data);
		ft_close(walk, "}");
		if (p->size <= f->size)
			return;
		rest = ft_netlink_part(p, f->size, p->size - f->size);
		ft_next(walk, NULL);
		show_attributes(walk, f->attributes, family, rest);
		return;
	}
	show_family(walk, "family", family);
	rest = ft_netlink_part(p, 1, p->size - 1);
	if (rest.size) {
		ft_next(walk, "data");
		ft_netlink_rest(walk, &rest);
	}
	ft_close(walk, "}");
}
