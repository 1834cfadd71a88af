/* A walk over the arguments of one call, which tells a sink what they are. */
#ifndef FT_DECODE_WALK_H
#define FT_DECODE_WALK_H

#include "decode/descriptors.h"
#include "decode/memory.h"
#include "decode/sink.h"

#define FT_PATH_SHOWN	    4095 /* bytes: a longer one the kernel takes for none */
#define FT_ELEMENTS_SHOWN   32 /* of an array, unless said */
#define FT_ELEMENTS_WHOLE   4096 /* where nothing is abbreviated; what is copied has fewer */
#define FT_ELEMENTS_OF_CALL 65536 /* of all arrays of a call together */

struct ft_open_files;
struct ft_task_names;

struct ft_walk {
	const struct ft_view *view;
	struct ft_sink *sink;
	struct ft_open_files *files; /* NULL: nobody keeps what descriptors are */
	struct ft_task_names *names; /* NULL: nobody keeps what tasks are called */
	const struct ft_shape *shape; /* NULL: no table has this call */
	uint64_t args[6]; /* as wide as the ABI's registers */
	int64_t ret;
	bool ended, failed;
	uint8_t model; /* enum ft_model */
	uint8_t word; /* bytes of a word of the ABI */
	bool after; /* memory behind pointers of a structure: as it was then */
	bool is_begun; /* it is told as it begins: what is told behind that is thrown away */
	uint32_t string_max; /* bytes of a string that are shown; paths are whole */
	uint32_t elements_max; /* of an array */
	uint32_t elements_left; /* of all that are still to come */
	bool is_whole; /* structures, environments and lists are not abbreviated */
	bool is_subcall; /* args are those of a call that another stands for */
	bool is_raw; /* all is a number */
	bool is_shallow; /* of pointers only strings and data are shown, else addresses */
	uint8_t constants; /* enum ft_constants */
	/* The structure that fields are counted in. */
	const struct ft_struct *of;
	const uint8_t *base;
	uint64_t left; /* bytes that the result leaves for the buffers of a vector */
	bool is_limited; /* whether it does */
	bool is_astray; /* of a list that a pointer should lead to there was nothing, or not all */
	int netlink; /* the protocol of messages that buffers have; -1: they have none */
};

/* Chooses the shape; 0, or -ENOSYS where no table has this call. */
int ft_walk_start(struct ft_walk *walk, const struct ft_view *view, struct ft_sink *sink);
/* How many registers the call's arguments are in, those that are not always shown too. */
unsigned ft_walk_registers(const struct ft_walk *walk);
/* All arguments; without a shape six numbers. */
void ft_walk_arguments(struct ft_walk *walk);

/* For the families: one value of a type, from a register or a field; from memory. */
void ft_walk_value(struct ft_walk *walk, const struct ft_type *type, uint64_t value);
/* Whether not all are 0. */
static inline bool ft_any_byte(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i])
			return true;
	return false;
}
/* An array of characters. One without a NUL is taken to go on. */
void ft_characters_shown(struct ft_walk *walk, const uint8_t *data, size_t size);
/* false: too short. */
bool ft_walk_memory(
	struct ft_walk *walk, const struct ft_type *type, const struct ft_memory *memory);
/* `count` elements, of which the memory may have fewer; false: it has none. */
bool ft_array_shown(
	struct ft_walk *walk, const struct ft_type *type, struct ft_memory memory, uint64_t count);
bool ft_walk_struct(struct ft_walk *walk, unsigned index, const struct ft_memory *memory);
/* The same without its brackets; returns how many fields there are to show. */
unsigned ft_fields_shown(struct ft_walk *walk, unsigned index, const struct ft_memory *memory);
/* How many that would be. */
unsigned ft_fields_there(struct ft_walk *walk, unsigned index, const struct ft_memory *memory);
/* A vector of struct iovec, by one of its descriptions; tells_fault: where no more of it can be read. */
void ft_vector_shown(struct ft_walk *walk, unsigned structure, struct ft_memory memory,
	uint64_t count, bool tells_fault);
/* One field of a structure; 0 where the model does not have it. */
uint64_t ft_field_of(const struct ft_walk *walk, const struct ft_field *field, const uint8_t *base);

uint64_t ft_load(const uint8_t *data, size_t size);
/* The bytes of a type in memory; 0: that is told from elsewhere. */
size_t ft_size_of(const struct ft_walk *walk, const struct ft_type *type);

/* The lower bytes of a value. */
static inline uint64_t ft_cut_to(uint64_t value, unsigned size)
{
	return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

void ft_pointer_shown(struct ft_walk *walk, uint64_t address);

static inline void ft_word(struct ft_walk *walk, const char *text)
{
	walk->sink->ops->word(walk->sink, text, __builtin_strlen(text));
}

static inline void ft_named(
	struct ft_walk *walk, uint64_t value, enum ft_shown_as shown, const char *text)
{
	walk->sink->ops->named(walk->sink, value, shown, text, __builtin_strlen(text));
}

static inline void ft_integer(struct ft_walk *walk, uint64_t value, enum ft_shown_as shown)
{
	walk->sink->ops->integer(walk->sink, value, shown);
}

/* On aarch64 O_DIRECTORY and O_DIRECT, O_NOFOLLOW and O_LARGEFILE have each other's numbers (asm/fcntl.h). */
static inline uint64_t ft_as_on_x86(const struct ft_walk *walk, unsigned set, uint64_t value)
{
	if (walk->view->event->abi != FT_ABI_AARCH64 ||
		(set != FT_SET_OPEN_FLAGS && set != FT_SET_DESCRIPTOR_FLAGS))
		return value;
	return (value & ~UINT64_C(0x3c000)) | (value & 0xc000) << 2 | (value & 0x30000) >> 2;
}

static inline void ft_set_shown(struct ft_walk *walk, unsigned set, uint64_t value)
{
	walk->sink->ops->set(walk->sink, &ft_sets[set], ft_as_on_x86(walk, set, value));
}

static inline void ft_next(struct ft_walk *walk, const char *name)
{
	walk->sink->ops->next(walk->sink, name, name ? __builtin_strlen(name) : 0);
}

static inline void ft_number(
	struct ft_walk *walk, const char *name, uint64_t value, enum ft_shown_as shown)
{
	ft_next(walk, name);
	ft_integer(walk, value, shown);
}

/* There are more. */
static inline void ft_more(struct ft_walk *walk)
{
	ft_next(walk, NULL);
	walk->sink->ops->more(walk->sink);
}

/* The n-th element of a list. False: of this one, and those behind it, it is only said that there are more. */
static inline bool ft_next_element(struct ft_walk *walk, size_t n)
{
	ft_next(walk, NULL);
	if (n == walk->elements_max || !walk->elements_left) {
		walk->sink->ops->more(walk->sink);
		return false;
	}
	walk->elements_left--;
	return true;
}

static inline void ft_open(struct ft_walk *walk, const char *bracket)
{
	walk->sink->ops->open(walk->sink, bracket);
}

static inline void ft_close(struct ft_walk *walk, const char *bracket)
{
	walk->sink->ops->close(walk->sink, bracket);
}

/* One element, of a list that begins at an address. */
typedef void ft_show_element(struct ft_walk *walk, const uint8_t *data, uint64_t from);
/* What lies behind a structure: so many of one size. */
void ft_list_shown(struct ft_walk *walk, uint64_t address, uint64_t count, size_t size, bool after,
	ft_show_element *show);

#endif
