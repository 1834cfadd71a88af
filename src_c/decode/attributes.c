#include "decode/attributes.h"

#include <linux/netlink.h>
#include <string.h>

#include "decode/sock_diag.h"
#include "decode/sockets.h"
#include "decode/text.h"

#define ATTRIBUTE_HEAD 4u /* struct nlattr */
#define TYPE_MASK      0x3fff /* NLA_TYPE_MASK */
#define HARDWARE_MAX   32u /* MAX_ADDR_LEN */

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
	case 'P':
		return 1;
	case 'G':
	case 'x':
	case 'd':
	case 'f':
	case 'F':
		return 4;
	}
	return 0;
}

static void show_shutdown(struct ft_walk *walk, uint8_t value)
{
	static const char *const names[] = { NULL, "RCV_SHUTDOWN", "SEND_SHUTDOWN",
		"RCV_SHUTDOWN|SEND_SHUTDOWN" };

	ft_integer(walk, value, FT_HEX);
	if (value && value < 4 && walk->constants != FT_NUMBERS)
		walk->sink->ops->comment(walk->sink, names[value]);
}

/* As many as there are; each has its name, as an array's initialiser has. */
static void show_memory_info(struct ft_walk *walk, const struct ft_piece *p)
{
	const struct ft_set *set = &ft_sets[FT_SET_MEMORY_INFO];
	char buffer[64];
	struct ft_text text;

	ft_open(walk, "[");
	for (uint32_t n = 0; n < p->length / 4 && n < set->count; n++) {
		ft_text_start(&text, buffer, sizeof(buffer) - 1);
		text.constants = walk->constants;
		ft_puts(&text, "[");
		if (walk->constants == FT_NUMBERS)
			ft_put_decimal(&text, n);
		else
			ft_put_set(&text, set, n);
		ft_puts(&text, "]");
		walk->sink->ops->next(walk->sink, buffer, (size_t)(text.at - buffer));
		ft_integer(walk, ft_load(p->data + 4 * n, 4), FT_UNSIGNED);
	}
	if (p->size > 4 * (uint64_t)set->count || p->length < p->size)
		ft_more(walk);
	ft_close(walk, "]");
}

static void show_numbers(
	struct ft_walk *walk, const struct ft_piece *p, size_t size, enum ft_shown_as shown)
{
	ft_open(walk, "[");
	for (size_t n = 0; n < p->length / size && ft_next_element(walk, n); n++)
		ft_integer(walk, ft_load(p->data + size * n, size), shown);
	if (p->length / size < p->size / size)
		ft_more(walk);
	ft_close(walk, "]");
}

static void show_value(struct ft_walk *walk, const struct ft_attributes *of, uint32_t type,
	uint8_t family, const struct ft_piece *p)
{
	char kind = of->is_index ? 'N' : type < strlen(of->kinds) ? of->kinds[type] : '.';
	unsigned structure = kind == 'l'		  ? FT_STRUCT_LINK_STATS
			     : kind == 'L'		  ? FT_STRUCT_LINK_STATS64
			     : kind >= 'A' && kind <= 'D' ? of->structures[kind - 'A']
							  : 0;
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
	case 'v':
		if (ft_walk_struct(walk, FT_STRUCT_UNIX_DIAG_RQLEN, &memory))
			return;
		break;
	case 'z':
		show_shutdown(walk, p->data[0]);
		return;
	case 'm':
		if (p->length < 4)
			break;
		show_memory_info(walk, p);
		return;
	case 'b':
		walk->sink->ops->bytes(walk->sink, p->data,
			p->length < walk->string_max ? p->length : walk->string_max,
			p->size > walk->string_max);
		return;
	case 'p':
		if (p->length < 4)
			break;
		ft_set_shown(walk, FT_SET_CONTROL_OP_FLAGS, ft_load(p->data, 4));
		return;
	case 'N':
	case 'M':
		ft_attributes_shown(walk, of->nested[kind == 'M'], family, *p);
		return;
	case 'P':
		ft_set_shown(walk, FT_SET_INET_PROTOCOL, value);
		return;
	case 'G':
		ft_set_shown(walk, FT_SET_NETLINK_DIAG_FLAGS, value);
		return;
	case 'g':
		if (p->length < 8)
			break;
		show_numbers(walk, p, 8, FT_HEX);
		return;
	case 'u':
		if (p->length < 4)
			break;
		show_numbers(walk, p, 4, FT_UNSIGNED);
		return;
	case 'o':
		if (p->length < 2)
			break;
		ft_socket_bits_shown(walk, p);
		return;
	case 't':
		if (ft_tcp_info_shown(walk, p))
			return;
		break;
	case 'A':
	case 'B':
	case 'C':
	case 'D':
	case 'l':
	case 'L':
		if (ft_walk_struct(walk, structure, &memory))
			return;
		break;
	}
	ft_netlink_rest(walk, p);
}

static void put_flag(
	struct ft_text *text, uint32_t type, uint32_t flag, const char *name, bool is_number)
{
	if (!(type & flag))
		return;
	if (is_number)
		ft_put_hex(text, flag);
	else
		ft_put(text, name, strlen(name));
	ft_puts(text, "|");
}

static void show_type(struct ft_walk *walk, const struct ft_attributes *of, uint32_t type)
{
	bool is_number = walk->constants == FT_NUMBERS;
	char buffer[128];
	struct ft_text text;

	if (!(type & ~TYPE_MASK)) {
		if (of->is_nameless)
			ft_integer(walk, type, FT_HEX);
		else
			ft_set_shown(walk, of->set, type);
		return;
	}
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	put_flag(&text, type, NLA_F_NESTED, "NLA_F_NESTED", is_number);
	put_flag(&text, type, NLA_F_NET_BYTEORDER, "NLA_F_NET_BYTEORDER", is_number);
	if (is_number || of->is_nameless)
		ft_put_hex(&text, type & TYPE_MASK);
	else
		ft_put_set(&text, &ft_sets[of->set], type & TYPE_MASK);
	if (is_number)
		walk->sink->ops->word(walk->sink, buffer, (size_t)(text.at - buffer));
	else
		walk->sink->ops->named(
			walk->sink, type, FT_HEX, buffer, (size_t)(text.at - buffer));
}

struct ft_attributes_of_family {
	const struct ft_attributes *of;
	uint8_t family;
};

/* One with its header. */
static void show_attribute(struct ft_walk *walk, const struct ft_piece *p, const void *data)
{
	const struct ft_attributes_of_family *known = data;
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
	show_type(walk, known->of, type);
	ft_close(walk, "}");
	if (!value.size)
		return;
	if (value.length) {
		ft_next(walk, NULL);
		show_value(walk, known->of, type & TYPE_MASK, known->family, &value);
	} else {
		ft_more(walk);
	}
	ft_close(walk, "]");
}

void ft_attributes_shown(
	struct ft_walk *walk, const struct ft_attributes *of, uint8_t family, struct ft_piece p)
{
	static const struct ft_chain chain = {
		.head = ATTRIBUTE_HEAD, .length_size = 2, .show = show_attribute
	};
	const struct ft_attributes_of_family data = { of, family };

	ft_netlink_chain(walk, p, &chain, &data);
}
