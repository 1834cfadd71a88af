/*
 * Capture programs: what is copied of a call's arguments while the program runs. Both engines run the
 * same ones; the table is generated from the decoder's calls.txt.
 */
#ifndef FT_CAPTURE_TABLE_H
#define FT_CAPTURE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum ft_capture_when {
	FT_CAPTURE_ENTRY,
	FT_CAPTURE_SUCCESS, /* at the exit, if the call succeeded */
	FT_CAPTURE_EXIT, /* at the exit, whatever came of it */
};

enum ft_capture_what {
	FT_CAPTURE_STRING, /* up to its NUL */
	FT_CAPTURE_BYTES,
	FT_CAPTURE_IOCTL, /* as many as the command says: ft_capture_ioctl() */
	/* The rest have pointers in them, or more than is counted. */
	FT_CAPTURE_IOVEC, /* count: of its elements; at an exit no more data than the result */
	FT_CAPTURE_STRINGS, /* pointers to strings, the last is NULL */
	FT_CAPTURE_POINTERS, /* these alone */
	FT_CAPTURE_MSGHDR,
	FT_CAPTURE_MMSGHDR, /* count: of messages */
	FT_CAPTURE_MSGBUF, /* a word, and count bytes behind it */
	FT_CAPTURE_LINK, /* what descriptors are; count: enum ft_capture_links */
};
#define FT_CAPTURE_NESTED FT_CAPTURE_IOVEC /* from here on */

enum ft_capture_count {
	FT_COUNT_ONE,
	FT_COUNT_ARGUMENT, /* `from` */
	FT_COUNT_BEHIND, /* the 32-bit number that it points to */
	FT_COUNT_RESULT,
	FT_COUNT_FIELD, /* the number that the op's step says */
};

/* Which descriptors; the argument is `from`. */
enum ft_capture_links {
	FT_LINKS_RESULT, /* the call's result */
	FT_LINKS_ARGUMENT,
	FT_LINKS_PAIR, /* two that it points to */
	FT_LINKS_MESSAGES, /* in the control messages of those that it points to, which are copied already */
	FT_LINKS_CWD, /* the working directory instead */
	FT_LINKS_ALL, /* and that */
	FT_LINKS_VCPU, /* not what it is: why a virtual processor stopped; the last op, with FT_OPT_VCPU_EXITS */
};

enum ft_capture_limit {
	FT_LIMIT_PATH, /* FT_STRING_MAX */
	FT_LIMIT_DATA, /* the session's */
	FT_LIMIT_STRUCTURE, /* FT_STRUCTURE_MAX */
	FT_LIMIT_LIST, /* FT_LIST_MAX */
};

#define FT_STRUCTURE_MAX 4096u
#define FT_LIST_MAX	 0x8000u /* what glibc's readdir(3) asks for at once */

struct ft_capture_op {
	uint8_t arg; /* 6: none, the number of the call in its place */
	uint8_t when; /* enum ft_capture_when */
	uint8_t what; /* enum ft_capture_what */
	uint8_t count; /* enum ft_capture_count */
	uint8_t from; /* argument */
	uint8_t limit; /* enum ft_capture_limit */
	uint8_t if_arg; /* argument; with if_set */
	uint8_t step; /* in ft_capture_steps; 0: it is what the argument points to itself */
	uint32_t size; /* of an element; 0: a bit, in whole 64-bit words */
	uint32_t if_mask, if_base;
	uint32_t unused2;
	uint64_t if_set; /* bit n: only if the bits if_mask of that are if_base + n; 0: always */
};

/* A pointer that lies in what was copied: in each of its elements, where the condition holds. */
struct ft_capture_step {
	uint8_t up; /* the step that leads to what was copied; 0: the argument does */
	uint16_t stride; /* bytes of an element; 0: there is one */
	uint16_t at; /* of the pointer, in an element */
	uint16_t count_at,
		if_at; /* of a number that counts, and of one that the condition is about */
	uint8_t width, count_width, if_width; /* in bytes */
	uint8_t if_unlike; /* the bits are another value */
	uint8_t at_exit; /* it was copied then */
	uint8_t unused;
	uint32_t if_mask, if_value; /* 0: there is no condition */
};
#define FT_CAPTURE_STEPS 3 /* that lead to one thing, at most */

struct ft_capture_program {
	uint16_t first; /* in ft_capture_ops */
	uint8_t count; /* of ops: those at the entry come first */
	uint8_t entry_count;
	uint8_t links; /* of the ops, the last so many are of descriptors: FT_CAPTURE_LINK */
};

/* Program 0 has no op. */
extern const struct ft_capture_program ft_capture_programs[];
extern const uint16_t ft_capture_program_count;
extern const struct ft_capture_op ft_capture_ops[];
extern const struct ft_capture_step ft_capture_steps[];

/* Whether an op's condition holds. */
static inline bool ft_capture_applies(const struct ft_capture_op *op, const uint64_t args[6])
{
	uint32_t value = ((uint32_t)args[op->if_arg] & op->if_mask) - op->if_base;

	return !op->if_set || (value < 64 && op->if_set >> value & 1);
}

/* Bytes of so many elements, at most UINT32_MAX. */
static inline uint32_t ft_capture_bytes(const struct ft_capture_op *op, uint64_t count)
{
	uint64_t size;

	if (count > UINT32_MAX)
		count = UINT32_MAX;
	size = op->size ? count * op->size : (count + 63) / 64 * 8;
	return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

/*
 * How many bytes an ioctl(2) command reads at its entry, or has written at its exit, where its argument
 * points to. Newer commands have that in them (include/uapi/asm-generic/ioctl.h); older ones are numbers of 16
 * bits, and here: by their upper byte a row, by their lower one in it FT_IOCTL_IN or FT_IOCTL_OUT and the size.
 */
#define FT_IOCTL_IN   0x4000u
#define FT_IOCTL_OUT  0x8000u
#define FT_IOCTL_ROWS 8u /* row 0 has nothing */

struct ft_capture_ioctls {
	uint8_t row[256];
	uint16_t size[FT_IOCTL_ROWS][256];
};

extern const struct ft_capture_ioctls ft_capture_ioctls;

static inline uint32_t ft_capture_ioctl(uint32_t command, bool at_exit)
{
	uint32_t direction = command >> 30;
	uint16_t known;

	if (command >> 16)
		return direction & (at_exit ? 2 : 1) ? command >> 16 & 0x3fff : 0;
	known = ft_capture_ioctls.size[ft_capture_ioctls.row[command >> 8]][command & 0xff];
	return known & (at_exit ? FT_IOCTL_OUT : FT_IOCTL_IN) ? known & 0x3fff : 0;
}

#endif
