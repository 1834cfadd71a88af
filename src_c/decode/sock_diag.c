/* What NETLINK_SOCK_DIAG is asked, and what it answers, of sockets: one structure for each family, and attributes. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "decode/attributes.h"
#include "decode/families.h"
#include "decode/protocols.h"
#include "decode/sockets.h"
#include "decode/text.h"

static const struct ft_attributes unix_attributes = {
	.set = FT_SET_UNIX_ATTRIBUTE, .kinds = "bA4uvm14", .structures = { FT_STRUCT_UNIX_DIAG_VFS }
};
static const struct ft_attributes storage_attributes = { .set = FT_SET_STORAGE_ATTRIBUTE,
	.kinds = "..4." };
static const struct ft_attributes storages_attributes = {
	.set = FT_SET_STORAGES_ATTRIBUTE, .kinds = ".N", .nested = { &storage_attributes }
};
static const struct ft_attributes upper_attributes = { .set = FT_SET_UPPER_ATTRIBUTE,
	.kinds = ".S" };
static const struct ft_attributes inet_attributes = { .set = FT_SET_INET_ATTRIBUTE,
	.kinds = ".AtBS11mzCP1...4D4.MN8o",
	.structures = { FT_STRUCT_INET_DIAG_MEMINFO, FT_STRUCT_TCPVEGAS_INFO,
		FT_STRUCT_TCP_DCTCP_INFO, FT_STRUCT_TCP_BBR_INFO },
	.nested = { &storages_attributes, &upper_attributes } };
static const struct ft_attributes inet_asked = { .set = FT_SET_INET_REQUEST_ATTRIBUTE,
	.kinds = "" };
static const struct ft_attributes netlink_attributes = { .set = FT_SET_NETLINK_ATTRIBUTE,
	.kinds = "mgAAG",
	.structures = { FT_STRUCT_NETLINK_DIAG_RING } };
static const struct ft_attributes packet_attributes = { .set = FT_SET_PACKET_ATTRIBUTE,
	.kinds = "A.BB44m.",
	.structures = { FT_STRUCT_PACKET_DIAG_INFO, FT_STRUCT_PACKET_DIAG_RING } };

static const struct {
	uint8_t family;
	unsigned request, answer;
	const char *name; /* of the family, in the answer */
	const struct ft_attributes *asked, *attributes;
} families[] = {
	{ AF_UNIX, FT_STRUCT_UNIX_DIAG_REQ, FT_STRUCT_UNIX_DIAG_MSG, "udiag_family", NULL,
		&unix_attributes },
	{ AF_INET, FT_STRUCT_INET_DIAG_REQ, FT_STRUCT_INET_DIAG_MSG, "idiag_family", &inet_asked,
		&inet_attributes },
	{ AF_INET6, FT_STRUCT_INET_DIAG_REQ, FT_STRUCT_INET_DIAG_MSG, "idiag_family", &inet_asked,
		&inet_attributes },
	{ AF_NETLINK, FT_STRUCT_NETLINK_DIAG_REQ, FT_STRUCT_NETLINK_DIAG_MSG, "ndiag_family", NULL,
		&netlink_attributes },
	{ AF_PACKET, FT_STRUCT_PACKET_DIAG_REQ, FT_STRUCT_PACKET_DIAG_MSG, "pdiag_family", NULL,
		&packet_attributes },
};

/* struct inet_diag_sockid: its addresses are those of the family that the structure around it begins with. */
bool ft_read_inet_diag_sockid(struct ft_walk *walk, const struct ft_memory *memory)
{
	static const char *const names[] = { "idiag_src", "idiag_dst" };
	uint8_t family = walk->base ? walk->base[0] : AF_INET;
	const uint8_t *data = memory->data;

	if (memory->length < 48)
		return false;
	ft_open(walk, "{");
	ft_port_shown(walk, "idiag_sport", data);
	ft_port_shown(walk, "idiag_dport", data + 2);
	for (unsigned i = 0; i < 2; i++)
		ft_inet_field_shown(walk, names[i], family, data + 4 + 16 * i);
	ft_next(walk, "idiag_if");
	ft_integer(walk, ft_load(data + 36, 4), FT_UNSIGNED);
	ft_next(walk, "idiag_cookie");
	ft_open(walk, "[");
	for (unsigned i = 0; i < 2; i++) {
		ft_next(walk, NULL);
		ft_integer(walk, ft_load(data + 40 + 4 * i, 4), FT_UNSIGNED);
	}
	ft_close(walk, "]");
	ft_close(walk, "}");
	return true;
}

static void show_family(struct ft_walk *walk, const char *name, uint8_t family)
{
	ft_open(walk, "{");
	ft_next(walk, name);
	ft_set_shown(walk, FT_SET_SOCKET_FAMILY, family);
}

void ft_sock_diag_shown(
	struct ft_walk *walk, uint32_t type, uint32_t flags, const struct ft_piece *p)
{
	struct ft_memory memory = { .data = p->data, .length = p->length, .found = FT_HERE };
	bool is_asked = flags & NLM_F_REQUEST;
	struct ft_piece rest;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		bool is_inet = families[i].attributes == &inet_attributes;
		bool is_old = is_asked && is_inet &&
			      (type == TCPDIAG_GETSOCK || type == DCCPDIAG_GETSOCK);
		unsigned structure = is_old	? FT_STRUCT_INET_DIAG_REQ_OLD
				     : is_asked ? families[i].request
						: families[i].answer;
		size_t size = ft_structs[walk->model][structure].size;
		const struct ft_attributes *attributes =
			is_asked ? families[i].asked : families[i].attributes;

		if (p->data[0] != families[i].family || p->size == 1)
			continue;
		memory.length = p->length < size ? p->length : size;
		if (!ft_walk_struct(walk, structure, &memory)) {
			show_family(walk, is_asked && !is_old ? "sdiag_family" : families[i].name,
				p->data[0]);
			ft_more(walk);
			ft_close(walk, "}");
		}
		if (p->size <= size || !attributes)
			return;
		rest = ft_netlink_part(p, size, p->size - size);
		ft_next(walk, NULL);
		ft_attributes_shown(walk, attributes, p->data[0], rest);
		return;
	}
	show_family(walk, "family", p->data[0]);
	rest = ft_netlink_part(p, 1, p->size - 1);
	if (rest.size) {
		ft_next(walk, "data");
		ft_netlink_rest(walk, &rest);
	}
	ft_close(walk, "}");
}
