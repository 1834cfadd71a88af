#include "decode/protocols.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "decode/attributes.h"
#include "decode/text.h"

/* Sets of types; those of NETLINK_NETFILTER have two parts. */
static const struct {
	int protocol;
	unsigned types;
} protocols[] = {
	{ NETLINK_ROUTE, FT_SET_RTM_TYPE },
	{ NETLINK_SOCK_DIAG, FT_SET_SOCK_DIAG_TYPE },
	{ NETLINK_GENERIC, FT_SET_GENERIC_FAMILY },
	{ NETLINK_AUDIT, FT_SET_AUDIT_TYPE },
	{ NETLINK_XFRM, FT_SET_XFRM_TYPE },
	{ NETLINK_CRYPTO, FT_SET_CRYPTO_TYPE },
	{ NETLINK_SELINUX, FT_SET_SELINUX_TYPE },
};

/* By subsystem; 0: it has no names. */
static const unsigned netfilter[] = { 0, FT_SET_CONNTRACK_MESSAGE, FT_SET_EXPECTATION_MESSAGE,
	FT_SET_QUEUE_MESSAGE, FT_SET_LOG_MESSAGE, FT_SET_FINGERPRINT_MESSAGE, FT_SET_IP_SET_MESSAGE,
	FT_SET_ACCOUNTING_MESSAGE, FT_SET_TIMEOUT_MESSAGE, FT_SET_HELPER_MESSAGE,
	FT_SET_TABLES_MESSAGE, FT_SET_COMPAT_MESSAGE, FT_SET_HOOK_MESSAGE };

static unsigned types_of(const struct ft_walk *walk, uint32_t type)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (type >= NLMSG_MIN_TYPE && protocols[i].protocol == walk->netlink)
			return protocols[i].types;
	return FT_SET_NLMSG_TYPE;
}

static bool is_netfilter(const struct ft_walk *walk, uint32_t type)
{
	return walk->netlink == NETLINK_NETFILTER && type >= NLMSG_MIN_TYPE;
}

static bool is_batch(uint32_t type)
{
	return type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;
}

static unsigned messages_of(uint32_t type)
{
	uint32_t subsystem = NFNL_SUBSYS_ID(type);

	return subsystem < sizeof(netfilter) / sizeof(netfilter[0]) ? netfilter[subsystem] : 0;
}

void ft_message_type_shown(struct ft_walk *walk, uint32_t type)
{
	char buffer[128];
	struct ft_text text;

	if (!is_netfilter(walk, type) || is_batch(type)) {
		ft_set_shown(walk,
			is_netfilter(walk, type) ? FT_SET_NETFILTER_BATCH : types_of(walk, type),
			type);
		return;
	}
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	text.constants = walk->constants;
	ft_put_set(&text, &ft_sets[FT_SET_NETFILTER_SUBSYSTEM], NFNL_SUBSYS_ID(type));
	ft_puts(&text, "<<8|");
	if (messages_of(type))
		ft_put_set(&text, &ft_sets[messages_of(type)], NFNL_MSG_TYPE(type));
	else
		ft_put_hex(&text, NFNL_MSG_TYPE(type));
	walk->sink->ops->named(walk->sink, type, FT_AS_TEXT, buffer, (size_t)(text.at - buffer));
}

/* The name of a type whose flags follow from what it asks for; NULL: it has none. */
static const char *asking(const struct ft_walk *walk, uint32_t type)
{
	const struct ft_member *m = NULL;

	if (walk->netlink == NETLINK_XFRM || walk->netlink == NETLINK_CRYPTO)
		m = ft_member_of(&ft_sets[types_of(walk, type)], type);
	else if (is_netfilter(walk, type) && messages_of(type) &&
		 messages_of(type) != FT_SET_IP_SET_MESSAGE)
		m = ft_member_of(&ft_sets[messages_of(type)], NFNL_MSG_TYPE(type));
	return m && type >= NLMSG_MIN_TYPE && !strstr(m->name, "DEFAULT") ? m->name : NULL;
}

unsigned ft_message_flags(const struct ft_walk *walk, uint32_t type)
{
	static const unsigned sets[] = { FT_SET_NLMSG_NEW_FLAGS, FT_SET_NLMSG_DELETE_FLAGS,
		FT_SET_NLMSG_GET_FLAGS, FT_SET_NLMSG_FLAGS };
	const char *name = asking(walk, type);

	if (walk->netlink == NETLINK_ROUTE && type >= NLMSG_MIN_TYPE)
		return sets[type & 3]; /* NEW, DEL, GET, SET */
	if (walk->netlink == NETLINK_SOCK_DIAG && type >= NLMSG_MIN_TYPE)
		return FT_SET_NLMSG_GET_FLAGS;
	if (name && strstr(name, "NEW"))
		return FT_SET_NLMSG_NEW_FLAGS;
	if (name && strstr(name, "GET"))
		return FT_SET_NLMSG_GET_FLAGS;
	if (name && strstr(name, "DEL"))
		return FT_SET_NLMSG_DELETE_FLAGS;
	return type == NLMSG_ERROR ? FT_SET_NLMSG_ACK_FLAGS : FT_SET_NLMSG_FLAGS;
}

static void show_netfilter(struct ft_walk *walk, uint32_t type, const struct ft_piece *p)
{
	static const struct ft_attributes attributes = { .kinds = "", .is_nameless = true };
	struct ft_piece rest = ft_netlink_part(p, 4, p->size - 4);
	uint16_t res_id = ntohs((uint16_t)ft_load(p->data + 2, 2));
	char buffer[48];
	int n;

	ft_open(walk, "{");
	ft_next(walk, "nfgen_family");
	ft_set_shown(walk, FT_SET_SOCKET_FAMILY, p->data[0]);
	ft_next(walk, "version");
	ft_set_shown(walk, FT_SET_NETFILTER_VERSION, p->data[1]);
	ft_next(walk, "res_id");
	/* Of nftables it is the subsystem that a batch is for. */
	if (res_id == NFNL_SUBSYS_NFTABLES && NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_NFTABLES)
		n = snprintf(buffer, sizeof(buffer), "htons(NFNL_SUBSYS_NFTABLES)");
	else
		n = snprintf(buffer, sizeof(buffer), "htons(%u)", res_id);
	walk->sink->ops->named(walk->sink, res_id, FT_AS_TEXT, buffer, (size_t)n);
	ft_close(walk, "}");
	if (!rest.size)
		return;
	ft_next(walk, NULL);
	if (!rest.length)
		walk->sink->ops->more(walk->sink);
	else if (is_batch(type))
		ft_netlink_rest(walk, &rest);
	else
		ft_attributes_shown(walk, &attributes, 0, rest);
}

/* Of nlctrl, which tells of the other families. */
static void show_control(struct ft_walk *walk, const struct ft_piece *p)
{
	static const struct ft_attributes op = { .set = FT_SET_CONTROL_OP, .kinds = ".4p" };
	static const struct ft_attributes group = { .set = FT_SET_CONTROL_GROUP, .kinds = ".S4" };
	static const struct ft_attributes ops = {
		.nested = { &op }, .is_index = true, .is_nameless = true
	};
	static const struct ft_attributes groups = {
		.nested = { &group }, .is_index = true, .is_nameless = true
	};
	static const struct ft_attributes attributes = {
		.set = FT_SET_CONTROL_ATTRIBUTE, .kinds = ".2S444NM..4", .nested = { &ops, &groups }
	};
	struct ft_piece rest = ft_netlink_part(p, GENL_HDRLEN, p->size - GENL_HDRLEN);

	ft_open(walk, "{");
	ft_next(walk, "cmd");
	ft_set_shown(walk, FT_SET_CONTROL_COMMAND, p->data[0]);
	ft_next(walk, "version");
	ft_integer(walk, p->data[1], FT_UNSIGNED);
	ft_close(walk, "}");
	if (!rest.size)
		return;
	ft_next(walk, NULL);
	ft_attributes_shown(walk, &attributes, 0, rest);
}

static void show_selinux(struct ft_walk *walk, uint32_t type, const struct ft_piece *p)
{
	ft_open(walk, "{");
	ft_next(walk, type == NLMSG_MIN_TYPE ? "val" : "seqno");
	if (type == NLMSG_MIN_TYPE)
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)ft_load(p->data, 4), FT_SIGNED);
	else
		ft_integer(walk, ft_load(p->data, 4), FT_UNSIGNED);
	ft_close(walk, "}");
}

void ft_message_shown(struct ft_walk *walk, uint32_t type, uint32_t flags, const struct ft_piece *p)
{
	bool is_own = type >= NLMSG_MIN_TYPE && p->length;

	if (is_own && walk->netlink == NETLINK_ROUTE)
		ft_route_shown(walk, type, p);
	else if (is_own && walk->netlink == NETLINK_SOCK_DIAG)
		ft_sock_diag_shown(walk, type, flags, p);
	else if (is_own && walk->netlink == NETLINK_NETFILTER && p->length >= 4)
		show_netfilter(walk, type, p);
	else if (walk->netlink == NETLINK_GENERIC && type == GENL_ID_CTRL &&
		 p->length >= GENL_HDRLEN)
		show_control(walk, p);
	else if (is_own && walk->netlink == NETLINK_SELINUX && type <= NLMSG_MIN_TYPE + 1 &&
		 p->length >= 4)
		show_selinux(walk, type, p);
	else
		ft_netlink_rest(walk, p);
}
