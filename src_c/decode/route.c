#include "decode/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "decode/attributes.h"

static const struct ft_attributes link_attributes = { .set = FT_SET_IFLA,
	.kinds = ".hhS44Sl" /* to STATS */ "..4..4.4" /* to WEIGHT */ "11.4S4.L" /* to STATS64 */
		 "...44F4441.4" /* to CARRIER_CHANGES */ ".dS144" /* to GSO_MAX_SIZE */
		 "..4dd44444.Sh.SS444" /* to TSO_MAX_SEGS */ "4.44....." };
static const struct ft_attributes address_attributes = {
	.set = FT_SET_IFA, .kinds = ".aaSaaAaf4d", .structures = { FT_STRUCT_IFA_CACHEINFO }
};
static const struct ft_attributes route_attributes = { .set = FT_SET_RTA,
	.kinds = ".aa44a4a...4A..x4...1....41...4",
	.structures = { FT_STRUCT_RTA_CACHEINFO } };
static const struct ft_attributes neighbour_attributes = {
	.set = FT_SET_NDA, .kinds = ".ahA42.444d", .structures = { FT_STRUCT_NDA_CACHEINFO }
};
static const struct ft_attributes error_attributes = { .set = FT_SET_NLMSGERR_ATTRIBUTE,
	.kinds = ".S4" };

void ft_route_error_attributes(struct ft_walk *walk, const struct ft_piece *p)
{
	ft_attributes_shown(walk, &error_attributes, 0, *p);
}

/* What has no comment where it has no name. */
static void show_plain(struct ft_walk *walk, unsigned set, uint64_t value)
{
	if (ft_member_of(&ft_sets[set], value))
		ft_set_shown(walk, set, value);
	else
		ft_integer(walk, value, FT_HEX);
}

static void show_link(struct ft_walk *walk, const uint8_t *data)
{
	ft_next(walk, "ifi_type");
	ft_set_shown(walk, FT_SET_HARDWARE, ft_load(data + 2, 2));
	ft_number(walk, "ifi_index", ft_load(data + 4, 4), FT_UNSIGNED);
	ft_next(walk, "ifi_flags");
	ft_set_shown(walk, FT_SET_INTERFACE_FLAGS, ft_load(data + 8, 4));
	ft_next(walk, "ifi_change");
	ft_integer(walk, ft_load(data + 12, 4), FT_HEX);
}

static void show_address(struct ft_walk *walk, const uint8_t *data)
{
	ft_number(walk, "ifa_prefixlen", data[1], FT_UNSIGNED);
	ft_next(walk, "ifa_flags");
	ft_set_shown(walk, FT_SET_IFA_FLAGS, data[2]);
	ft_next(walk, "ifa_scope");
	show_plain(walk, FT_SET_ROUTE_SCOPE, data[3]);
	ft_number(walk, "ifa_index", ft_load(data + 4, 4), FT_UNSIGNED);
}

static void show_route(struct ft_walk *walk, const uint8_t *data)
{
	ft_number(walk, "rtm_dst_len", data[1], FT_UNSIGNED);
	ft_number(walk, "rtm_src_len", data[2], FT_UNSIGNED);
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
	ft_number(walk, "ndm_ifindex", ft_load(data + 4, 4), FT_UNSIGNED);
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
	const struct ft_attributes *attributes;
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
			ft_more(walk);
		else
			f->show(walk, p->data);
		ft_close(walk, "}");
		if (p->size <= f->size)
			return;
		rest = ft_netlink_part(p, f->size, p->size - f->size);
		ft_next(walk, NULL);
		ft_attributes_shown(walk, f->attributes, family, rest);
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
