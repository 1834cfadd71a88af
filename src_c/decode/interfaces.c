/* What ioctl(2) of a socket asks of a network interface: struct ifreq (linux/if.h). */
#include <linux/if_arp.h>
#include <linux/sockios.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define ADDRESS_SIZE 16 /* struct sockaddr */
#define DATA_SIZE    14

/* What is asked, and what of the union behind the name answers it. */
static const struct request {
	uint16_t command;
	bool is_set;
	const char *field;
	enum { ADDRESS, HARDWARE, FLAGS, NUMBER, NAME, MAP } kind;
} requests[] = {
	{ SIOCGIFADDR, false, "ifr_addr", ADDRESS },
	{ SIOCSIFADDR, true, "ifr_addr", ADDRESS },
	{ SIOCGIFDSTADDR, false, "ifr_dstaddr", ADDRESS },
	{ SIOCSIFDSTADDR, true, "ifr_dstaddr", ADDRESS },
	{ SIOCGIFBRDADDR, false, "ifr_broadaddr", ADDRESS },
	{ SIOCSIFBRDADDR, true, "ifr_broadaddr", ADDRESS },
	{ SIOCGIFNETMASK, false, "ifr_netmask", ADDRESS },
	{ SIOCSIFNETMASK, true, "ifr_netmask", ADDRESS },
	{ SIOCGIFHWADDR, false, "ifr_hwaddr", HARDWARE },
	{ SIOCSIFHWADDR, true, "ifr_hwaddr", HARDWARE },
	{ SIOCGIFFLAGS, false, "ifr_flags", FLAGS },
	{ SIOCSIFFLAGS, true, "ifr_flags", FLAGS },
	{ SIOCGIFINDEX, false, "ifr_ifindex", NUMBER },
	{ SIOCGIFMETRIC, false, "ifr_metric", NUMBER },
	{ SIOCSIFMETRIC, true, "ifr_metric", NUMBER },
	{ SIOCGIFMTU, false, "ifr_mtu", NUMBER },
	{ SIOCSIFMTU, true, "ifr_mtu", NUMBER },
	{ SIOCGIFTXQLEN, false, "ifr_qlen", NUMBER },
	{ SIOCSIFTXQLEN, true, "ifr_qlen", NUMBER },
	{ SIOCGIFSLAVE, false, "ifr_slave", NAME },
	{ SIOCSIFSLAVE, true, "ifr_slave", NAME },
	{ SIOCSIFNAME, true, "ifr_newname", NAME },
	{ SIOCGIFMAP, false, "ifr_map", MAP },
	{ SIOCSIFMAP, true, "ifr_map", MAP },
};

static void show_name(struct ft_walk *walk, const uint8_t *name)
{
	size_t length = strnlen((const char *)name, IFNAMSIZ);

	walk->sink->ops->bytes(
		walk->sink, name, length < IFNAMSIZ ? length : IFNAMSIZ - 1, length == IFNAMSIZ);
}

/* Bytes of a hardware address, by the kind of hardware: the *_ALEN of the kernel's headers. */
static size_t hardware_length(uint16_t kind)
{
	switch (kind) {
	case ARPHRD_ETHER:
	case ARPHRD_IEEE802:
	case ARPHRD_LOOPBACK:
	case ARPHRD_FDDI:
	case ARPHRD_HIPPI:
	case ARPHRD_IEEE80211:
	case ARPHRD_IEEE80211_PRISM:
	case ARPHRD_IEEE80211_RADIOTAP:
		return 6;
	case ARPHRD_NETROM:
	case ARPHRD_AX25:
		return 7;
	case ARPHRD_ARCNET:
	case 290: /* ARPHRD_MCTP */
	case ARPHRD_LOCALTLK:
	case ARPHRD_PHONET:
	case ARPHRD_PHONET_PIPE:
	case ARPHRD_CAIF:
		return 1;
	case ARPHRD_DLCI:
		return 2;
	case ARPHRD_TUNNEL:
	case ARPHRD_SIT:
	case ARPHRD_IPDDP:
	case ARPHRD_IPGRE:
	case ARPHRD_PIMREG:
	case ARPHRD_IRDA:
		return 4;
	case ARPHRD_ROSE:
	case ARPHRD_X25:
		return 5;
	case ARPHRD_EUI64:
	case ARPHRD_IEEE802154:
	case ARPHRD_IEEE802154_MONITOR:
	case ARPHRD_6LOWPAN:
	case ARPHRD_VSOCKMON:
		return 8;
	default:
		return DATA_SIZE;
	}
}

static void show_hardware(struct ft_walk *walk, const uint8_t *address)
{
	uint16_t kind = (uint16_t)ft_load(address, 2);
	size_t length = hardware_length(kind);
	char buffer[3 * DATA_SIZE];

	ft_open(walk, "{");
	ft_next(walk, "sa_family");
	ft_set_shown(walk, FT_SET_HARDWARE, kind);
	ft_next(walk, "sa_data");
	for (size_t i = 0; i < length; i++) {
		buffer[3 * i] = "0123456789abcdef"[address[2 + i] >> 4];
		buffer[3 * i + 1] = "0123456789abcdef"[address[2 + i] & 15];
		buffer[3 * i + 2] = ':';
	}
	walk->sink->ops->word(walk->sink, buffer, 3 * length - 1);
	ft_close(walk, "}");
}

static void show_answer(
	struct ft_walk *walk, const struct request *request, struct ft_memory memory)
{
	const uint8_t *data = memory.data + IFNAMSIZ;

	ft_next(walk, request->field);
	switch (request->kind) {
	case ADDRESS:
		memory.data = data;
		memory.length = ADDRESS_SIZE;
		memory.found = FT_HERE;
		ft_read_sockaddr(walk, &memory);
		break;
	case HARDWARE:
		show_hardware(walk, data);
		break;
	case FLAGS:
		ft_set_shown(walk, FT_SET_INTERFACE_FLAGS, ft_load(data, 2));
		break;
	case NUMBER:
		ft_integer(walk, (uint64_t)(int32_t)ft_load(data, 4), FT_SIGNED);
		break;
	case NAME:
		show_name(walk, data);
		break;
	case MAP:
		memory.data += IFNAMSIZ;
		memory.length -= IFNAMSIZ;
		if (!ft_walk_struct(walk, FT_STRUCT_IFMAP, &memory))
			ft_pointer_shown(walk, memory.address + IFNAMSIZ);
		break;
	}
}

bool ft_read_ifreq(struct ft_walk *walk, const struct ft_memory *memory)
{
	const struct request *request = NULL;
	struct ft_memory answer;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && !request; i++)
		if (requests[i].command == (uint32_t)walk->args[1])
			request = &requests[i];
	if (!request || memory->length < 2 * IFNAMSIZ)
		return false;
	answer = *memory;
	if (!request->is_set)
		answer = ft_memory_at(walk->view, true, memory->address, memory->length);
	ft_open(walk, "{");
	ft_next(walk, "ifr_name");
	show_name(walk, memory->data);
	if (request->is_set || (!walk->failed && answer.length >= 2 * IFNAMSIZ))
		show_answer(walk, request, answer);
	ft_close(walk, "}");
	return true;
}

/* An interface's number, and on success its name. */
bool ft_read_ifreq_index(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, 2 * IFNAMSIZ);

	if (memory->length < 2 * IFNAMSIZ)
		return false;
	ft_open(walk, "{");
	ft_next(walk, "ifr_ifindex");
	ft_integer(walk, (uint64_t)(int32_t)ft_load(memory->data + IFNAMSIZ, 4), FT_SIGNED);
	if ((uint32_t)walk->args[1] == SIOCGIFNAME && !walk->failed && after.found == FT_HERE) {
		ft_next(walk, "ifr_name");
		show_name(walk, after.data);
	}
	ft_close(walk, "}");
	return true;
}

static void show_conf_length(struct ft_walk *walk, int32_t length, size_t size)
{
	char buffer[64];
	struct ft_text text;

	ft_integer(walk, (uint64_t)(int64_t)length, FT_SIGNED);
	if (length <= 0 || (size_t)length % size)
		return;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_decimal(&text, (size_t)length / size);
	ft_puts(&text, " * sizeof(struct ifreq)");
	*text.at = 0;
	walk->sink->ops->comment(walk->sink, buffer);
}

/* SIOCGIFCONF: the room there is, or what it takes; then the interfaces and their addresses. */
bool ft_read_ifconf(struct ft_walk *walk, const struct ft_memory *memory)
{
	size_t size = walk->word == 4 ? 32 : 40, head = 2u * walk->word;
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, head), list;
	bool is_found = !walk->failed && after.found == FT_HERE;
	int32_t length;
	uint64_t address;

	if (memory->length < head)
		return false;
	address = ft_load(memory->data + walk->word, walk->word);
	ft_open(walk, "{");
	ft_next(walk, "ifc_len");
	length = (int32_t)ft_load(is_found && !address ? after.data : memory->data, 4);
	show_conf_length(walk, length, size);
	if (is_found && ft_load(after.data, 4) != (uint32_t)length) {
		length = (int32_t)ft_load(after.data, 4);
		walk->sink->ops->becomes(walk->sink);
		show_conf_length(walk, length, size);
	}
	ft_next(walk, "ifc_buf");
	list = ft_memory_at(walk->view, true, address, length > 0 ? (size_t)length : 0);
	if (!address || !is_found || (length > 0 && list.length < size)) {
		ft_pointer_shown(walk, address);
		ft_close(walk, "}");
		return true;
	}
	ft_open(walk, "[");
	for (size_t n = 0; list.length >= size; n++) {
		struct ft_memory one = { .data = list.data + IFNAMSIZ, .length = ADDRESS_SIZE };

		if (!ft_next_element(walk, n))
			break;
		ft_open(walk, "{");
		ft_next(walk, "ifr_name");
		show_name(walk, list.data);
		ft_next(walk, "ifr_addr");
		ft_read_sockaddr(walk, &one);
		ft_close(walk, "}");
		list.data += size;
		list.length -= size;
	}
	ft_close(walk, "]");
	ft_close(walk, "}");
	return true;
}
