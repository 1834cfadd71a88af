/* Numbers whose text is more than a number or a name. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define START(text, buffer)                                                                        \
	char buffer[512];                                                                          \
	struct ft_text text;                                                                       \
	ft_text_start(&text, buffer, sizeof(buffer))
/* FT_AS_TEXT: the text is all that is ever shown of it; else it is the number's name. */
#define FINISH(walk, value, shown, text, buffer)                                                   \
	(walk)->sink->ops->named((walk)->sink, value, shown, buffer, (size_t)((text).at - (buffer)))

/* A user or a group: -1 is nobody's. */
void ft_show_id(struct ft_walk *walk, uint64_t value)
{
	if ((uint32_t)value == UINT32_MAX)
		ft_integer(walk, UINT64_MAX, FT_SIGNED);
	else
		ft_integer(walk, (uint32_t)value, FT_UNSIGNED);
}

/* Three digits at least. */
static void put_mode(struct ft_text *text, uint64_t mode)
{
	if (mode < 0100) {
		ft_put(text, "0", 1);
		ft_put_padded(text, (mode >> 3) * 10 + (mode & 7), 2);
	} else {
		ft_put_octal(text, mode);
	}
}

void ft_show_mode(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	put_mode(&text, value);
	FINISH(walk, value, FT_AS_TEXT, text, buffer);
}

void ft_show_filemode(struct ft_walk *walk, uint64_t value)
{
	const struct ft_member *type = ft_member_of(&ft_sets[FT_SET_MODE_TYPE], value & S_IFMT);
	uint64_t rest = value & ~(uint64_t)(S_ISUID | S_ISGID | S_ISVTX);
	START(text, buffer);

	if (type) {
		ft_put(&text, type->name, type->length);
		ft_put(&text, "|", 1);
		rest &= ~(uint64_t)S_IFMT;
	}
	if (value & S_ISUID)
		ft_puts(&text, "S_ISUID|");
	if (value & S_ISGID)
		ft_puts(&text, "S_ISGID|");
	if (value & S_ISVTX)
		ft_puts(&text, "S_ISVTX|");
	put_mode(&text, rest);
	FINISH(walk, value, rest == value ? FT_AS_TEXT : FT_OCTAL, text, buffer);
}

void ft_show_dev(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	ft_puts(&text, "makedev(");
	ft_put_hex(&text, major(value));
	ft_puts(&text, ", ");
	ft_put_hex(&text, minor(value));
	ft_puts(&text, ")");
	FINISH(walk, value, FT_HEX, text, buffer);
}

static void show_limit(struct ft_walk *walk, uint64_t value, uint64_t infinity, const char *name)
{
	START(text, buffer);

	if (value == infinity) {
		ft_named(walk, value, FT_UNSIGNED, name);
		return;
	}
	if (value > 1024 && value % 1024 == 0) {
		ft_put_decimal(&text, value / 1024);
		ft_puts(&text, "*1024");
		FINISH(walk, value, FT_UNSIGNED, text, buffer);
	} else {
		ft_integer(walk, value, FT_UNSIGNED);
	}
}

void ft_show_rlim(struct ft_walk *walk, uint64_t value)
{
	if (walk->word == 4)
		show_limit(walk, value, UINT32_MAX, "RLIM_INFINITY");
	else
		show_limit(walk, value, UINT64_MAX, "RLIM64_INFINITY");
}

void ft_show_rlim64(struct ft_walk *walk, uint64_t value)
{
	show_limit(walk, value, UINT64_MAX, "RLIM64_INFINITY");
}

/* A union of 64 bits; strace shows the two views of it that are used. */
void ft_show_epoll_data(struct ft_walk *walk, uint64_t value)
{
	ft_open(walk, "{");
	ft_next(walk, "u32");
	ft_integer(walk, (uint32_t)value, FT_UNSIGNED);
	ft_next(walk, "u64");
	ft_integer(walk, value, FT_UNSIGNED);
	ft_close(walk, "}");
}

/* Six bits of flags of mmap and memfd_create are a number. */
static void put_huge(struct ft_text *text, uint64_t value, const char *shift, bool is_first)
{
	uint64_t huge = value >> 26 & 63;

	if (!huge)
		return;
	if (!is_first)
		ft_puts(text, "|");
	ft_put_decimal(text, huge);
	ft_puts(text, shift);
}

void ft_show_mmap_flags(struct ft_walk *walk, uint64_t value)
{
	uint64_t flags = value & ~(UINT64_C(63) << 26 | 15);
	START(text, buffer);

	ft_put_set(&text, &ft_sets[FT_SET_MAP_TYPE], value & 15);
	if (flags) {
		ft_puts(&text, "|");
		if (!ft_put_flags(&text, &ft_sets[FT_SET_MAP_FLAGS], flags))
			ft_put_hex(&text, flags);
	}
	put_huge(&text, value, "<<MAP_HUGE_SHIFT", false);
	FINISH(walk, value, FT_HEX, text, buffer);
}

void ft_show_memfd_flags(struct ft_walk *walk, uint64_t value)
{
	uint64_t flags = value & ~(UINT64_C(63) << 26);
	START(text, buffer);

	if (value == flags) {
		ft_set_shown(walk, FT_SET_MEMFD_CREATE_FLAGS, flags);
		return;
	}
	if (flags)
		ft_put_set(&text, &ft_sets[FT_SET_MEMFD_CREATE_FLAGS], flags);
	put_huge(&text, value, "<<MFD_HUGE_SHIFT", !flags);
	FINISH(walk, value, FT_HEX, text, buffer);
}

/* Of SO_ERROR: 0 is none. */
void ft_show_errno_value(struct ft_walk *walk, uint64_t value)
{
	if (value)
		ft_set_shown(walk, FT_SET_ERRNO, value);
	else
		ft_integer(walk, 0, FT_UNSIGNED);
}

/* Flags that are a part of a number; bare where no name is known. */
static void put_part(
	const struct ft_walk *walk, struct ft_text *text, const struct ft_set *set, uint64_t flags)
{
	char *from = text->at;

	text->constants = walk->constants;
	if (!ft_put_flags(text, set, flags)) {
		ft_put_hex(text, flags);
	} else {
		text->at = from;
		ft_put_set(text, set, flags);
	}
	text->constants = FT_NAMES;
}

/* Flags, and the permissions of what is made. */
void ft_show_ipc_flags(struct ft_walk *walk, uint64_t value)
{
	const struct ft_set *set = &ft_sets[FT_SET_IPC_GET_FLAGS];
	uint64_t flags = value & ~UINT64_C(0777);
	START(text, buffer);

	if (flags) {
		put_part(walk, &text, set, flags);
		ft_puts(&text, "|");
	}
	put_mode(&text, value & 0777);
	FINISH(walk, value, FT_AS_TEXT, text, buffer);
}

void ft_show_ipc_key(struct ft_walk *walk, uint64_t value)
{
	if (value)
		ft_integer(walk, value, FT_HEX);
	else
		ft_named(walk, value, FT_HEX, "IPC_PRIVATE");
}

/* Flags, and in the lower half a priority. */
void ft_show_swap_flags(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	if (value >> 15) {
		put_part(walk, &text, &ft_sets[FT_SET_SWAPON_FLAGS], value & ~UINT64_C(0x7fff));
		if (value & 0x7fff)
			ft_puts(&text, "|");
	}
	if (value & 0x7fff || !value)
		ft_put_decimal(&text, value & 0x7fff);
	FINISH(walk, value, FT_AS_TEXT, text, buffer);
}

void ft_show_futex_bitset(struct ft_walk *walk, uint64_t value)
{
	if (value == UINT32_MAX)
		ft_named(walk, value, FT_HEX, "FUTEX_BITSET_MATCH_ANY");
	else
		ft_integer(walk, value, FT_HEX);
}

/* An offset in a file, in pages. */
void ft_show_pages(struct ft_walk *walk, uint64_t value)
{
	ft_integer(walk, value << 12, FT_HEX);
}

/* What, and of whom: of users, groups, or projects. */
void ft_show_quota_cmd(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	ft_puts(&text, "QCMD(");
	ft_put_set(&text, &ft_sets[FT_SET_QUOTA_COMMAND], value >> 8);
	ft_puts(&text, ", ");
	ft_put_set(&text, &ft_sets[FT_SET_QUOTA_TYPE], value & 0xff);
	ft_puts(&text, ")");
	FINISH(walk, value, FT_HEX, text, buffer);
}

/* In the order of the network. */
void ft_show_packet_protocol(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	if (value > UINT16_MAX) {
		ft_integer(walk, value, FT_UNSIGNED);
		return;
	}
	ft_puts(&text, "htons(");
	ft_put_set(&text, &ft_sets[FT_SET_ETHERNET_PROTOCOL], (value & 0xff) << 8 | value >> 8);
	ft_puts(&text, ")");
	FINISH(walk, value, FT_UNSIGNED, text, buffer);
}

void ft_show_kernel_version(struct ft_walk *walk, uint64_t value)
{
	START(text, buffer);

	ft_puts(&text, "KERNEL_VERSION(");
	ft_put_decimal(&text, value >> 16);
	ft_puts(&text, ", ");
	ft_put_decimal(&text, value >> 8 & 0xff);
	ft_puts(&text, ", ");
	ft_put_decimal(&text, value & 0xff);
	ft_puts(&text, ")");
	FINISH(walk, value, FT_HEX, text, buffer);
}

/* Whose cookie prctl(PR_SCHED_CORE) means: enum pid_type, which no uapi header has. */
void ft_show_pidtype(struct ft_walk *walk, uint64_t value)
{
	static const char *const names[] = { "PIDTYPE_PID", "PIDTYPE_TGID", "PIDTYPE_PGID",
		"PIDTYPE_SID" };
	bool is_known = value < sizeof(names) / sizeof(names[0]);

	ft_integer(walk, value, FT_HEX);
	if (walk->constants != FT_NUMBERS)
		walk->sink->ops->comment(walk->sink, is_known ? names[value] : "PIDTYPE_???");
}

/* More than any signal is a number of a whole register. */
void ft_show_death_signal(struct ft_walk *walk, uint64_t value)
{
	if (value > 128)
		ft_integer(walk, value, FT_UNSIGNED);
	else
		ft_show_signal(walk, value);
}
