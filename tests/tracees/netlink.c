/*
 * role: named
 *
 * Messages of netlink with their interesting values: of every kind that is decoded, cut, with forged lengths, where
 * nothing can be read.
 */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;
static char b[8192];
static size_t at;

static void put(const void *data, size_t size)
{
	if (data)
		memcpy(b + at, data, size);
	at += (size + 3) & ~3u;
}

static struct nlmsghdr *head(void)
{
	return (struct nlmsghdr *)b;
}

static void start(unsigned type, unsigned flags)
{
	const struct nlmsghdr h = { .nlmsg_type = (unsigned short)type,
		.nlmsg_flags = (unsigned short)flags,
		.nlmsg_seq = 7 };

	at = 0;
	memset(b, 0, sizeof(b));
	put(&h, sizeof(h));
}

static void attribute(unsigned type, const void *data, unsigned size)
{
	const struct rtattr a = { .rta_len = (unsigned short)(4 + size),
		.rta_type = (unsigned short)type };

	put(&a, 4);
	if (size)
		put(data, size);
}

/* An attribute that says another length than it has: eight bytes follow. */
static void forged(unsigned type, unsigned length)
{
	const struct rtattr a = { .rta_len = (unsigned short)length,
		.rta_type = (unsigned short)type };

	put(&a, 4);
	put(NULL, 8);
}

static void send_bytes(const void *data, size_t size)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = 1 };
	struct iovec v = { (void *)data, size };
	struct msghdr m = {
		.msg_name = &nl, .msg_namelen = sizeof(nl), .msg_iov = &v, .msg_iovlen = 1
	};

	sendmsg(fd, &m, 0);
}

static void send_it(void)
{
	head()->nlmsg_len = (unsigned)at;
	send_bytes(b, at);
}

static void link_message(unsigned flags, int index)
{
	const struct ifinfomsg i = { .ifi_type = 1, .ifi_index = index, .ifi_change = ~0u };

	start(RTM_NEWLINK, flags);
	put(&i, sizeof(i));
}

static const unsigned five = 5, one = 1;
static const unsigned char bytes[32] = { 1, 2, 3, 4, 5, 6 };

static void errors(void)
{
	const struct nlmsghdr told = { 16, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 2 };
	const struct nlmsghdr nested = { 36, NLMSG_ERROR, 0, 1, 2 };
	int error = -5;

	start(NLMSG_NOOP, NLM_F_REQUEST);
	send_it();
	start(NLMSG_ERROR, 0);
	put(NULL, 4);
	send_it();
	start(NLMSG_ERROR, 0x100); /* NLM_F_CAPPED */
	put(&error, 4);
	put(&told, 16);
	send_it();
	error = 0;
	start(NLMSG_ERROR, 0x200); /* NLM_F_ACK_TLVS */
	put(&error, 4);
	put(&told, 16);
	attribute(1, "bad", 4);
	attribute(2, &five, 4);
	attribute(9, &five, 4);
	send_it();
	error = -99999;
	start(NLMSG_ERROR, 0);
	put(&error, 4);
	put(&nested, 16);
	put(&error, 4);
	put(&told, 16);
	send_it();
	start(NLMSG_DONE, NLM_F_MULTI);
	put(&error, 4);
	send_it();
	start(NLMSG_DONE, NLM_F_MULTI);
	send_it();
	start(5, 0);
	send_it();
	start(0x7777, 0x1f);
	put("abcdefgh", 8);
	send_it();
}

static void links(void)
{
	const struct ifinfomsg up = { AF_INET, 0, 1, 1, IFF_UP | 0x40000000, 3 };
	const struct ifinfomsg unknown = { 99, 0, 9999, 77, 0, ~0u };

	start(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	put(NULL, 1);
	head()->nlmsg_len = 17;
	send_bytes(b, 20);
	start(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	put(&up, sizeof(up));
	send_it();
	start(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK | 0x8000);
	put(&unknown, sizeof(unknown));
	attribute(IFLA_IFNAME, "lo", 3);
	send_it();
	link_message(NLM_F_REQUEST, 1);
	attribute(IFLA_IFNAME, "lo", 2);
	attribute(IFLA_MTU, &five, 4);
	attribute(IFLA_MTU, &five, 2);
	attribute(IFLA_ADDRESS, bytes, 6);
	attribute(IFLA_LINK, &five, 4);
	attribute(IFLA_OPERSTATE, bytes, 1);
	attribute(IFLA_QDISC, "noop", 5);
	attribute(999, bytes, 3);
	attribute(IFLA_STATS, bytes, 24);
	attribute(IFLA_TXQLEN, NULL, 0);
	send_it();
	link_message(NLM_F_REQUEST, 1);
	forged(IFLA_MTU, 2);
	send_it();
	link_message(NLM_F_REQUEST, 1);
	forged(IFLA_MTU, 200);
	send_it();
	link_message(NLM_F_REQUEST, 1);
	attribute(IFLA_MTU | NLA_F_NESTED, &five, 4);
	attribute(IFLA_GROUP | NLA_F_NET_BYTEORDER, &five, 4);
	put(NULL, 2);
	send_it();
}

static void addresses(void)
{
	const struct ifaddrmsg inet = { AF_INET, 24, IFA_F_PERMANENT | 1, RT_SCOPE_LINK, 1 };
	const struct ifaddrmsg inet6 = { AF_INET6, 64, 0, 77, 0 };
	const struct ifa_cacheinfo cache = { 1, 2, 3, 4 };

	start(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_REPLACE | NLM_F_APPEND);
	put(&inet, sizeof(inet));
	attribute(IFA_ADDRESS, bytes, 4);
	attribute(IFA_LABEL, "lo:1", 5);
	attribute(IFA_FLAGS, &five, 4);
	attribute(IFA_CACHEINFO, &cache, sizeof(cache));
	attribute(IFA_CACHEINFO, &cache, 8);
	attribute(IFA_ADDRESS, bytes, 3);
	send_it();
	start(RTM_DELADDR, NLM_F_REQUEST | NLM_F_NONREC);
	put(&inet6, sizeof(inet6));
	attribute(IFA_ADDRESS, bytes, 16);
	send_it();
}

static void routes(void)
{
	const struct rtmsg inet = { AF_INET, 16, 8, 0x10, RT_TABLE_MAIN, RTPROT_BOOT,
		RT_SCOPE_UNIVERSE, RTN_UNICAST, RTM_F_CLONED | 0x80000000 };
	const struct rtmsg odd = { AF_INET6, 0, 0, 0x55, 77, 99, 33, 44, 0 };
	const struct rta_cacheinfo cache = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const unsigned char *none = NULL;

	start(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE);
	put(&inet, sizeof(inet));
	attribute(RTA_DST, bytes, 4);
	attribute(RTA_GATEWAY, bytes, 4);
	attribute(RTA_OIF, &five, 4);
	attribute(RTA_OIF, &one, 4);
	attribute(RTA_PRIORITY, &five, 4);
	attribute(RTA_TABLE, &five, 4);
	attribute(RTA_CACHEINFO, &cache, sizeof(cache));
	attribute(RTA_PREF, bytes, 1);
	attribute(RTA_MARK, &five, 4);
	send_it();
	start(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
	put(&odd, sizeof(odd));
	send_it();
	start(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);
	put(none, 12);
	send_it();
}

static void lengths(void)
{
	const struct nlmsghdr next = { 16, RTM_GETADDR, NLM_F_REQUEST, 1, 2 };
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	start(RTM_GETLINK, NLM_F_REQUEST);
	put(NULL, 4);
	head()->nlmsg_len = 20;
	put(&next, sizeof(next));
	send_bytes(b, at);
	send_bytes(b, at - 1);
	send_bytes(b, at + 7);
	start(RTM_GETLINK, NLM_F_REQUEST);
	head()->nlmsg_len = 3;
	send_bytes(b, 16);
	head()->nlmsg_len = ~0u;
	send_bytes(b, 16);
	send_bytes(b, 32);
	head()->nlmsg_len = 16;
	send_bytes(b, 15);
	send_bytes(b, 0);
	munmap(page + 4096, 4096);
	head()->nlmsg_len = 32;
	memcpy(page + 4096 - 32, b, 32);
	send_bytes(page + 4096 - 32, 32);
	send_bytes(page + 4096 - 20, 32);
	send_bytes(NULL, 20);
	send_bytes((void *)1, 20);
	sendto(fd, b, 32, 0, NULL, 0);
	sendto(fd, b, 20, 0, NULL, 0);
}

/* The addresses that there are, in a buffer that is large enough for some. */
static void received(void)
{
	char room[2048];
	struct sockaddr_nl nl;
	struct iovec v = { room, sizeof(room) };
	struct msghdr m = {
		.msg_name = &nl, .msg_namelen = sizeof(nl), .msg_iov = &v, .msg_iovlen = 1
	};
	struct ifaddrmsg all = { 0 };

	start(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
	put(&all, sizeof(all));
	head()->nlmsg_len = (unsigned)at;
	sendto(fd, b, at, 0, NULL, 0);
	do
		if (recvmsg(fd, &m, 0) <= 0)
			return;
	while (((struct nlmsghdr *)room)->nlmsg_type != NLMSG_DONE);
}

int main(void)
{
	const struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int other;

	/* strace finds the protocol of one that is bound. */
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	bind(fd, (const struct sockaddr *)&own, sizeof(own));
	received();
	errors();
	links();
	addresses();
	routes();
	lengths();
	other = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	dup2(other, 9);
	fd = 9;
	start(16, NLM_F_REQUEST | NLM_F_DUMP);
	put("abcd", 4);
	send_it();
	close(9);
	/* What comes after it is no socket of netlink. */
	dup2(STDIN_FILENO, 9);
	sendto(fd, b, at, 0, NULL, 0);
	return 0;
}
