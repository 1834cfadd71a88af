#define _GNU_SOURCE
#include "kernel/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_nl nl;
	struct sockaddr_storage room;
};

/* As 127.0.0.1:80; 0: it is no address of a host, or nobody's. */
static size_t put_host(const union address *a, char *to, size_t max)
{
	char host[INET6_ADDRSTRLEN];
	bool is_6 = a->any.sa_family == AF_INET6;
	uint16_t port = ntohs(is_6 ? a->in6.sin6_port : a->in.sin_port);
	const void *address = is_6 ? (const void *)&a->in6.sin6_addr : &a->in.sin_addr;

	if ((!is_6 && a->any.sa_family != AF_INET) || !port ||
		!inet_ntop(a->any.sa_family, address, host, sizeof(host)))
		return 0;
	return (size_t)snprintf(to, max, is_6 ? "[%s]:%u" : "%s:%u", host, port);
}

static ssize_t names_of(int sock, char *names, size_t max)
{
	union address local = { 0 }, remote = { 0 };
	socklen_t length = sizeof(local), size = sizeof(int);
	int protocol = 0;
	size_t n;

	if (getsockname(sock, &local.any, &length) < 0)
		return -errno;
	if (local.any.sa_family == AF_NETLINK) {
		if (!local.nl.nl_pid ||
			getsockopt(sock, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
			return 0;
		n = (size_t)snprintf(names, max, "%d", protocol);
		return (ssize_t)(n + 1) +
		       snprintf(names + n + 1, max - n - 1, "%u", local.nl.nl_pid);
	}
	n = put_host(&local, names, max);
	length = sizeof(remote);
	if (!n || getpeername(sock, &remote.any, &length) < 0)
		return (ssize_t)n;
	length = (socklen_t)put_host(&remote, names + n + 1, max - n - 1);
	return (ssize_t)(length ? n + 1 + length : n);
}

ssize_t ft_socket_names(pid_t pid, uint64_t fd, uint64_t inode, char *names, size_t max)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), sock;
	struct stat st;
	ssize_t n = -ENOTSOCK;

	if (process < 0)
		return -errno;
	sock = (int)syscall(SYS_pidfd_getfd, process, (int)fd, 0);
	close(process);
	if (sock < 0)
		return -errno;
	/* A thread may have descriptors that its process's first one has not. */
	if (!fstat(sock, &st) && S_ISSOCK(st.st_mode) && st.st_ino == inode)
		n = names_of(sock, names, max);
	close(sock);
	return n;
}

/* "=" and a path, or "@" and an abstract name. */
static size_t put_name(const struct rtattr *attribute, char *to)
{
	const char *name = RTA_DATA(attribute);
	size_t length = RTA_PAYLOAD(attribute);

	if (!length || length > sizeof(((struct sockaddr_un *)0)->sun_path))
		return 0;
	if (*name) {
		length = strnlen(name, length);
		*to = '=';
		memcpy(to + 1, name, length);
		return length + 1;
	}
	*to = '@';
	memcpy(to + 1, name + 1, length - 1);
	return length;
}

static ssize_t names_in(const struct nlmsghdr *answer, char names[FT_SOCKET_NAMES_MAX])
{
	const struct unix_diag_msg *message = NLMSG_DATA(answer);
	const struct rtattr *attribute = (const struct rtattr *)(message + 1);
	unsigned left;
	char name[FT_SOCKET_NAMES_MAX / 2];
	uint32_t peer = 0;
	size_t length = 0, n = 0;

	if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		answer->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return 0;
	left = answer->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == UNIX_DIAG_NAME)
			length = put_name(attribute, name);
		else if (attribute->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(attribute) == 4)
			memcpy(&peer, RTA_DATA(attribute), sizeof(peer));
	}
	if (!peer && !length)
		return 0;
	if (peer)
		n = (size_t)snprintf(names, FT_SOCKET_NAMES_MAX, "%u", peer);
	names[n] = 0;
	memcpy(names + n + 1, name, length);
	return (ssize_t)(length ? n + 1 + length : n);
}

ssize_t ft_socket_of_unix(uint64_t inode, char names[FT_SOCKET_NAMES_MAX])
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req asked;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST },
		.asked = { .sdiag_family = AF_UNIX,
			.udiag_states = UINT32_MAX,
			.udiag_ino = (uint32_t)inode,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
			.udiag_cookie = { UINT32_MAX, UINT32_MAX } },
	};
	union {
		struct nlmsghdr head;
		char bytes[1024];
	} answer;
	int sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n;

	if (sock < 0)
		return -errno;
	/* It is answered within send(2) (net/core/sock_diag.c). */
	n = send(sock, &request, sizeof(request), 0);
	if (n >= 0)
		n = recv(sock, &answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 0)
		n = -errno;
	else if (!NLMSG_OK(&answer.head, (size_t)n))
		n = -EPROTO;
	else
		n = names_in(&answer.head, names);
	close(sock);
	return n;
}
