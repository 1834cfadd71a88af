/*
 * role: named
 *
 * Messages of netlink's other protocols: their types and flags; what sockets are asked for and how they are told of, as
 * answers too, which the kernel refuses; nlctrl's; cut ones, and forged lengths.
 */
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED (NLM_F_REQUEST | NLM_F_DUMP)
#define ALL   0xf7f /* flags */

static int fd;
static union {
	struct nlmsghdr head;
	char bytes[1024];
} m;
static unsigned size;

static void start(unsigned type, unsigned flags)
{
	memset(&m, 0, sizeof(m));
	m.head = (struct nlmsghdr){ .nlmsg_type = (unsigned short)type,
		.nlmsg_flags = (unsigned short)flags,
		.nlmsg_seq = 7 };
	size = sizeof(m.head);
}

static void put(const void *data, unsigned length)
{
	memcpy(m.bytes + size, data, length);
	size += (length + 3) & ~3u;
}

static void attribute(unsigned type, const void *data, unsigned length)
{
	const struct nlattr a = { .nla_len = (unsigned short)(4 + length),
		.nla_type = (unsigned short)type };

	put(&a, 4);
	put(data, length);
}

/* So much of it. */
static void give(unsigned length)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec v = { &m, length };
	const struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &v, .msg_iovlen = 1
	};

	m.head.nlmsg_len = length;
	sendmsg(fd, &message, 0x20000000 /* no flag: nobody is asked */);
}

static void tell(unsigned type, unsigned flags, const void *data, unsigned length)
{
	start(type, flags);
	put(data, length);
	give((unsigned)sizeof(m.head) + length);
}

static int speaks(int protocol)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };

	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&me, sizeof(me));
}

static void of_types(int protocol)
{
	static const unsigned short types[] = { 1, 3, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x19,
		0x1c, 0x23, 0x2f, 0x101, 0x202, 0x300, 0x401, 0x502, 0x603, 0x702, 0x803, 0x902,
		0xa00, 0xa01, 0xa02, 0xa11, 0xb00, 0xc00, 0xe06, 1000, 1100, 1300, 1327, 0xffff };
	static const char data[] = "\xa\0\0\xa\x9\0\3\0hello\0\0\0\x8\0\2\xc0xyz";

	if (!speaks(protocol))
		return;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (protocol != NETLINK_GENERIC || types[i] < 0x12)
			tell(types[i], ALL, data, 20);
	tell(0x11, NLM_F_REQUEST, data, 3);
	tell(0x12, 0, data, 0);
}

static void of_sockets(void)
{
	struct unix_diag_req un = { AF_UNIX, 0, 0, 0xffe, 5, 0xff, { -1u, 7 } };
	struct inet_diag_req_v2 in = { AF_INET, IPPROTO_TCP, 0xff, 0, 0x1ffe, { .idiag_if = 3 } };
	struct netlink_diag_req nl = { AF_NETLINK, NDIAG_PROTO_ALL, 0, 9, 0xff, { 1, 2 } };
	struct packet_diag_req packet = { AF_PACKET, 0, 0, 9, 0xff, { 1, 2 } };

	if (!speaks(NETLINK_SOCK_DIAG))
		return;
	in.id.idiag_sport = htons(80);
	in.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &un, sizeof(un));
	tell(SOCK_DESTROY, NLM_F_REQUEST, &un, sizeof(un));
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &un, 5);
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &un, 1);
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &in, sizeof(in));
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &in, sizeof(in) - 1);
	tell(18 /* TCPDIAG_GETSOCK */, ASKED, &in, sizeof(in));
	in.sdiag_family = AF_INET6;
	in.sdiag_protocol = 200;
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &in, sizeof(in));
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &nl, sizeof(nl));
	nl.sdiag_protocol = NETLINK_GENERIC;
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &nl, sizeof(nl));
	tell(SOCK_DIAG_BY_FAMILY, ASKED, &packet, sizeof(packet));
	tell(SOCK_DIAG_BY_FAMILY, ASKED, "\5abc", 4);
}

static const struct unix_diag_msg un = { AF_UNIX, SOCK_STREAM, 10, 0, 5, { 1, 2 } };
static const struct netlink_diag_msg nl = { AF_NETLINK, SOCK_RAW, NETLINK_XFRM, 7, 1, 2, 3, 4,
	{ 5, 6 } };
static const struct packet_diag_msg packet = { AF_PACKET, SOCK_DGRAM, 0x0800, 4, { 5, 6 } };
static const unsigned numbers[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static void of_answers(void)
{
	struct inet_diag_msg in = { AF_INET6, 10, 1, 2, { .idiag_if = 3 }, 4, 5, 6, 7, 8 };

	if (!speaks(NETLINK_SOCK_DIAG))
		return;
	start(SOCK_DIAG_BY_FAMILY, 0);
	put(&un, sizeof(un));
	attribute(UNIX_DIAG_NAME, "/run/socket", 11);
	attribute(UNIX_DIAG_VFS, numbers, 8);
	attribute(UNIX_DIAG_PEER, numbers, 4);
	attribute(UNIX_DIAG_RQLEN, numbers, 8);
	attribute(UNIX_DIAG_MEMINFO, numbers, 36);
	attribute(UNIX_DIAG_SHUTDOWN, numbers, 1);
	attribute(UNIX_DIAG_UID, numbers, 4);
	attribute(UNIX_DIAG_PEER, numbers, 3);
	attribute(99, numbers, 4);
	give(size);
	start(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);
	put(&in, sizeof(in));
	attribute(INET_DIAG_SHUTDOWN, numbers, 1);
	attribute(INET_DIAG_MARK, numbers, 4);
	attribute(INET_DIAG_CONG, "cubic", 6);
	attribute(INET_DIAG_MEMINFO, numbers, 16);
	attribute(INET_DIAG_SKMEMINFO, numbers, 20);
	give(size);
	give((unsigned)(sizeof(m.head) + sizeof(in) - 4));
	tell(SOCK_DIAG_BY_FAMILY, 0, &nl, sizeof(nl));
	tell(SOCK_DIAG_BY_FAMILY, 0, &packet, sizeof(packet));
}

/* Those that few programs ask for. */
static void of_rarer_answers(void)
{
	struct inet_diag_msg in = { AF_INET, 10, 1, 2, { .idiag_if = 3 }, 4, 5, 6, 7, 8 };

	if (!speaks(NETLINK_SOCK_DIAG))
		return;
	start(SOCK_DIAG_BY_FAMILY, 0);
	put(&in, sizeof(in));
	attribute(INET_DIAG_VEGASINFO, numbers, 16);
	attribute(INET_DIAG_VEGASINFO, numbers, 15);
	attribute(INET_DIAG_DCTCPINFO, numbers, 16);
	attribute(INET_DIAG_BBRINFO, numbers, 20);
	attribute(INET_DIAG_PROTOCOL, "\x11", 1);
	attribute(INET_DIAG_SOCKOPT, "\x05\x02", 2);
	attribute(INET_DIAG_SKMEMINFO, numbers, 3);
	attribute(19 | NLA_F_NESTED, "\x08\0\1\0tls", 8); /* INET_DIAG_ULP_INFO */
	attribute(19, "\xff\xff\1\0tls", 7);
	attribute(
		20 | NLA_F_NESTED, "\x0c\0\1\x80\x08\0\2\0\7\0\0\0", 12); /* ... _SK_BPF_STORAGES */
	give(size);
	start(SOCK_DIAG_BY_FAMILY, 0);
	put(&nl, sizeof(nl));
	attribute(NETLINK_DIAG_GROUPS, numbers, 20);
	attribute(NETLINK_DIAG_GROUPS, numbers, 7);
	attribute(NETLINK_DIAG_RX_RING, numbers, 16);
	attribute(NETLINK_DIAG_FLAGS, "\x03\0\0\x80", 4);
	give(size);
	start(SOCK_DIAG_BY_FAMILY, 0);
	put(&packet, sizeof(packet));
	attribute(PACKET_DIAG_INFO, numbers, 24);
	attribute(PACKET_DIAG_TX_RING, numbers, 28);
	attribute(PACKET_DIAG_FANOUT, numbers, 4);
	give(size);
	start(SOCK_DIAG_BY_FAMILY, 0);
	put(&un, sizeof(un));
	attribute(UNIX_DIAG_ICONS, numbers, 12);
	attribute(UNIX_DIAG_ICONS, numbers, 3);
	give(size);
}

static void of_families(void)
{
	const struct genlmsghdr get = { CTRL_CMD_GETFAMILY, 1, 0 };
	const struct {
		struct nlattr list, one;
		unsigned id;
	} ops = { { 16, 1 }, { 8, CTRL_ATTR_OP_ID }, 5 };

	if (!speaks(NETLINK_GENERIC))
		return;
	start(GENL_ID_CTRL, NLM_F_REQUEST);
	put(&get, sizeof(get));
	attribute(CTRL_ATTR_FAMILY_NAME, "nlctrl", 7);
	attribute(CTRL_ATTR_FAMILY_ID, "\x10", 2);
	attribute(CTRL_ATTR_OPS | NLA_F_NESTED, &ops, 12);
	attribute(CTRL_ATTR_OPS | NLA_F_NESTED, "\xff\xff\1\0\xff\xff\1\0\xff\xff\1\0abcd", 16);
	give(size);
	give((unsigned)sizeof(m.head) + 2);
}

int main(void)
{
	static const int protocols[] = { NETLINK_SOCK_DIAG, NETLINK_GENERIC, NETLINK_KOBJECT_UEVENT,
		NETLINK_AUDIT, NETLINK_NETFILTER, NETLINK_XFRM, NETLINK_CRYPTO, NETLINK_SELINUX };

	fd = -1;
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		of_types(protocols[i]);
	of_sockets();
	of_answers();
	of_rarer_answers();
	of_families();
	return 0;
}
