/* Addresses and options of sockets. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "decode/sockets.h"

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

/* Where numbers are wanted it is the bytes that are in memory; with names what makes them is a comment. */
static bool is_bytes(struct ft_walk *walk, const void *data, size_t length)
{
	if (walk->constants != FT_NAMES)
		walk->sink->ops->binary(walk->sink, data, length, false);
	return walk->constants == FT_NUMBERS;
}

static void show_call(
	struct ft_walk *walk, const void *data, size_t length, const char *before, uint64_t value)
{
	char buffer[96];
	struct ft_text text;

	if (is_bytes(walk, data, length))
		return;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put(&text, before, strlen(before));
	ft_put_decimal(&text, value);
	ft_puts(&text, ")");
	*text.at = 0;
	if (walk->constants != FT_NAMES)
		walk->sink->ops->comment(walk->sink, buffer);
	else
		walk->sink->ops->named(
			walk->sink, value, FT_UNSIGNED, buffer, (size_t)(text.at - buffer));
}

static void show_address(struct ft_walk *walk, const void *data, size_t length, const char *string,
	const char *before, const char *after)
{
	char buffer[96];
	struct ft_text text;

	if (walk->constants == FT_NAMES) {
		walk->sink->ops->made(walk->sink, string, before, after);
		return;
	}
	if (is_bytes(walk, data, length))
		return;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put(&text, before, strlen(before));
	ft_puts(&text, "\"");
	ft_put(&text, string, strlen(string));
	ft_puts(&text, "\")");
	*text.at = 0;
	walk->sink->ops->comment(walk->sink, buffer);
}

static void show_unix(struct ft_walk *walk, const uint8_t *data, size_t length)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t path = length > head ? length - head : 0;

	if (path > sizeof(((struct sockaddr_un *)0)->sun_path))
		path = sizeof(((struct sockaddr_un *)0)->sun_path);
	if (!path)
		return;
	ft_next(walk, "sun_path");
	if (data[head]) {
		path = strnlen((const char *)data + head, path);
		walk->sink->ops->string(walk->sink, data + head, path, false);
	} else {
		walk->sink->ops->abstract(walk->sink, data + head + 1, path - 1);
	}
}

void ft_port_shown(struct ft_walk *walk, const char *name, const uint8_t *data)
{
	ft_next(walk, name);
	show_call(walk, data, 2, "htons(", ntohs((uint16_t)ft_load(data, 2)));
}

static void show_inet(struct ft_walk *walk, const struct sockaddr_in *in)
{
	char name[INET_ADDRSTRLEN];

	ft_port_shown(walk, "sin_port", (const uint8_t *)&in->sin_port);
	ft_next(walk, "sin_addr");
	show_address(walk, &in->sin_addr, 4, inet_ntop(AF_INET, &in->sin_addr, name, sizeof(name)),
		"inet_addr(", ")");
}

static void show_inet6(struct ft_walk *walk, const struct sockaddr_in6 *in6, bool has_scope)
{
	ft_port_shown(walk, "sin6_port", (const uint8_t *)&in6->sin6_port);
	ft_next(walk, "sin6_flowinfo");
	show_call(walk, &in6->sin6_flowinfo, 4, "htonl(", ntohl(in6->sin6_flowinfo));
	ft_inet_field_shown(walk, "sin6_addr", AF_INET6, in6->sin6_addr.s6_addr);
	if (has_scope) {
		ft_next(walk, "sin6_scope_id");
		ft_integer(walk, in6->sin6_scope_id, FT_UNSIGNED);
	}
}

bool ft_inet_shown(struct ft_walk *walk, uint8_t family, const uint8_t *data, size_t length)
{
	char name[INET6_ADDRSTRLEN];

	if ((family != AF_INET || length != 4) && (family != AF_INET6 || length != 16))
		return false;
	show_address(walk, data, length, inet_ntop(family, data, name, sizeof(name)),
		family == AF_INET ? "inet_addr(" : "inet_pton(AF_INET6, ", ")");
	return true;
}

void ft_inet_field_shown(
	struct ft_walk *walk, const char *name, uint8_t family, const uint8_t *data)
{
	char text[INET6_ADDRSTRLEN], after[32];
	bool is_named = walk->constants == FT_NAMES;

	if (family != AF_INET6) {
		ft_next(walk, name);
		show_address(walk, data, 16, inet_ntop(AF_INET, data, text, sizeof(text)),
			"inet_addr(", ")");
		return;
	}
	/* A name has the place where it would be put; bytes are the field. */
	snprintf(after, sizeof(after), ", &%s)", name);
	walk->sink->ops->next(walk->sink, name, is_named ? 0 : strlen(name));
	show_address(walk, data, 16, inet_ntop(AF_INET6, data, text, sizeof(text)),
		"inet_pton(AF_INET6, ", after);
}

static void show_netlink(struct ft_walk *walk, const struct sockaddr_nl *nl)
{
	char buffer[8];
	int first = nl->nl_groups ? 2 : 0;

	ft_next(walk, "nl_pid");
	ft_show_port_pid(walk, nl->nl_pid);
	ft_next(walk, "nl_groups");
	if (nl->nl_groups >> 24) {
		ft_integer(walk, nl->nl_groups, FT_HEX);
		return;
	}
	memcpy(buffer, "0x", 2);
	for (int i = first; i < 8; i++)
		buffer[i] = "0123456789abcdef"[nl->nl_groups >> (28 - 4 * i) & 15];
	walk->sink->ops->named(walk->sink, nl->nl_groups, FT_AS_TEXT, buffer, sizeof(buffer));
}

bool ft_read_sockaddr(struct ft_walk *walk, const struct ft_memory *memory)
{
	union {
		struct sockaddr_storage storage;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
	} address = { 0 };
	size_t length = memory->length;

	if (length < 2 || memory->found == FT_FAULT || memory->found == FT_NOT_THERE)
		return false;
	if (length > sizeof(address))
		length = sizeof(address);
	memcpy(&address, memory->data, length);
	ft_open(walk, "{");
	ft_next(walk, "sa_family");
	ft_set_shown(walk, FT_SET_SOCKET_FAMILY, address.storage.ss_family);
	switch (address.storage.ss_family) {
	case AF_UNIX:
		show_unix(walk, memory->data, length);
		break;
	case AF_INET:
		if (length < sizeof(address.in))
			goto unknown;
		show_inet(walk, &address.in);
		break;
	case AF_INET6:
		if (length < offsetof(struct sockaddr_in6, sin6_scope_id))
			goto unknown;
		show_inet6(walk, &address.in6, length >= sizeof(address.in6));
		break;
	case AF_NETLINK:
		if (length < sizeof(address.nl))
			goto unknown;
		show_netlink(walk, &address.nl);
		break;
	default:
	unknown:
		if (length > 2) {
			ft_next(walk, "sa_data");
			walk->sink->ops->bytes(walk->sink, memory->data + 2, length - 2, false);
		}
	}
	ft_close(walk, "}");
	return true;
}

/* The room for an address before the call, and what it needed. */
bool ft_read_socklen(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, 4);
	int32_t before;

	if (memory->length < 4)
		return false;
	before = (int32_t)ft_load(memory->data, 4);
	ft_open(walk, "[");
	ft_next(walk, NULL);
	ft_integer(walk, (uint64_t)before, FT_SIGNED);
	if (!walk->failed && after.found == FT_HERE && (int32_t)ft_load(after.data, 4) != before) {
		walk->sink->ops->becomes(walk->sink);
		ft_integer(walk, (uint64_t)(int32_t)ft_load(after.data, 4), FT_SIGNED);
	}
	ft_close(walk, "]");
	return true;
}

bool ft_read_option_text(struct ft_walk *walk, const struct ft_memory *memory)
{
	size_t most = walk->string_max;

	/* Nothing was answered. */
	if (memory->found == FT_FAULT || (memory->after && !memory->length))
		return false;
	walk->sink->ops->bytes(walk->sink, memory->data,
		memory->length < most ? memory->length : most,
		memory->length > most || memory->found == FT_CUT);
	return true;
}

/* One that is none has no comment. */
void ft_show_socketcall(struct ft_walk *walk, uint64_t value)
{
	if (ft_member_of(&ft_sets[FT_SET_SOCKETCALL], value))
		ft_set_shown(walk, FT_SET_SOCKETCALL, value);
	else
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)value, FT_SIGNED);
}

/* Most options are an int. */
bool ft_read_sockopt(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length != 4)
		return ft_read_option_text(walk, memory);
	if (memory->found == FT_FAULT)
		return false;
	ft_open(walk, "[");
	ft_next(walk, NULL);
	ft_integer(walk, (uint64_t)(int32_t)ft_load(memory->data, 4), FT_SIGNED);
	ft_close(walk, "]");
	return true;
}

/* A number, whatever lies behind it; what is answered with less of it are bytes. */
bool ft_read_sockopt_int(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory number = *memory;

	if (memory->length >= 4) {
		number.length = 4;
		number.found = FT_HERE;
		return ft_read_sockopt(walk, &number);
	}
	if (!memory->after || !memory->length || memory->found == FT_FAULT)
		return false;
	walk->sink->ops->binary(walk->sink, memory->data, memory->length, false);
	return true;
}

/* struct ip_mreq, struct ipv6_mreq: the kernel takes longer ones, too. */
bool ft_read_membership(struct ft_walk *walk, const struct ft_memory *memory)
{
	bool is_ipv6 = (uint32_t)walk->args[1] == SOL_IPV6;
	const uint8_t *data = memory->data;

	if (memory->length < (is_ipv6 ? 20 : 8))
		return false;
	ft_open(walk, "{");
	if (is_ipv6) {
		ft_inet_field_shown(walk, "ipv6mr_multiaddr", AF_INET6, data);
		ft_next(walk, "ipv6mr_interface");
		ft_integer(walk, ft_load(data + 16, 4), FT_UNSIGNED);
	} else {
		ft_next(walk, "imr_multiaddr");
		ft_inet_shown(walk, AF_INET, data, 4);
		ft_next(walk, "imr_interface");
		ft_inet_shown(walk, AF_INET, data + 4, 4);
	}
	ft_close(walk, "}");
	return true;
}
