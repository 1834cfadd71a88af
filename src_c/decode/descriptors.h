/* What the generated tables say of calls, types, structures and names. See docs/decoding.md. */
#ifndef FT_DECODE_DESCRIPTORS_H
#define FT_DECODE_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/generated.h"
#include "event.h"

/* A name of a set: it stands for the bits `mask` of a value if they are `value`. */
struct ft_member {
	uint64_t value;
	uint64_t mask;
	const char *name;
	uint16_t length;
};

/* Flags: looked for in this order; others: in the order of their values. */
struct ft_set {
	const char *unknown; /* what the comment says where no name is known */
	const struct ft_member *members;
	uint16_t count;
	uint8_t is_flags; /* 2: what has a mask of several bits is a part by itself */
};

enum ft_type_kind {
	FT_NUMBER, /* size, shown */
	FT_SHOWN, /* a number; ref: which of ft_shows */
	FT_SET, /* a number; ref: which of ft_sets */
	FT_POINTER, /* ref: the type it leads to; shown: enum ft_phase; count: the pointer to what came of it */
	FT_ARRAY, /* ref: the type of each */
	FT_STRUCT, /* ref: which of ft_structs */
	FT_BYTES,
	FT_CSTR, /* a NUL-terminated string in so many bytes */
	FT_PATH,
	FT_STRING,
	FT_STRINGS,
	FT_ENVIRONMENT,
	FT_CODE, /* ref: which of ft_reads */
};

enum ft_shown_as {
	FT_SIGNED,
	FT_UNSIGNED,
	FT_HEX,
	FT_OCTAL,
	FT_ADDRESS,
	FT_HEX_INT, /* an int of 32 bits that is signed, though it is shown in hexadecimal */
	FT_AS_TEXT, /* with its text in each form */
};

/* When the memory behind a pointer is worth reading. */
enum ft_phase {
	FT_IN = 1, /* before the call */
	FT_OUT, /* after it, if it succeeded */
	FT_INOUT, /* both */
	FT_ALWAYS, /* after it */
	FT_JOINED, /* before the call, and what came of it in the same structure */
	FT_EXCHANGED, /* before the call, and what came of it as another value */
};

enum ft_counted {
	FT_COUNT_FIXED, /* count */
	FT_COUNT_ARGUMENT, /* what argument `count` says */
	FT_COUNT_BEHIND, /* the 32 bits that argument `count` points to */
	FT_COUNT_RESULT,
	FT_COUNT_FIELD, /* what field `count` of the same structure says */
	FT_COUNT_UP_TO, /* of an array in a structure: at most count, what field `size` says */
};

struct ft_type {
	uint8_t kind; /* enum ft_type_kind */
	uint8_t size; /* of a number; 0: a word of the ABI */
	uint8_t shown; /* enum ft_shown_as, enum ft_phase */
	uint8_t counted; /* enum ft_counted */
	uint16_t ref;
	uint16_t count;
};

struct ft_field {
	const char *name;
	uint8_t length;
	uint16_t type;
	uint16_t offset;
	/*
	 * Shown if the bits `mask` of field `of` are `value` (condition 1), or are not (2); if they are not and the call
	 * failed (3); if it changed the field (4); if there is anything but zeros in that (5).
	 */
	uint64_t value;
	uint32_t mask; /* all of its bits: all of the field's */
	uint8_t of, condition;
};

#define FT_FIELD_BECOMES 0x80 /* in a list: what the field shown before has become */
#define FT_FIELD_MORE	 0xff /* there: that there are more, at this place */

struct ft_struct {
	const struct ft_field *fields;
	const uint8_t *brief; /* what is shown, in this order; NULL: as `whole` */
	const uint8_t *whole; /* the same of one that is not abbreviated; NULL: all */
	uint8_t count, brief_count, whole_count;
	uint8_t is_cut,
		is_short; /* there is always more than is shown; or not even where it is abbreviated */
	uint16_t size; /* 0: this model has no such structure */
	uint16_t least; /* of older callers; what they lack is not shown */
};

enum ft_model { FT_MODEL_X86_64, FT_MODEL_GENERIC64, FT_MODEL_I386, FT_MODELS };

struct ft_argument {
	const char *name;
	uint16_t type;
	uint8_t hidden;
};

/* Bits of an argument's lower half are `value`, or with `unlike` are not; `more`: or the next one holds. */
struct ft_condition {
	uint32_t mask, value;
	uint8_t argument, unlike, more;
};

enum ft_result_kind {
	FT_RESULT_INT,
	FT_RESULT_FD,
	FT_RESULT_PID,
	FT_RESULT_PGID,
	FT_RESULT_SID,
	FT_RESULT_UID,
	FT_RESULT_GID,
	FT_RESULT_ADDR,
	FT_RESULT_MODE,
	FT_RESULT_FLAGS, /* with the word */
	FT_RESULT_SEALS, /* with another */
	FT_RESULT_NAMES,
	FT_RESULT_ENUM,
	FT_RESULT_HANDLER,
	FT_RESULT_SIGNAL,
	FT_RESULT_IOPRIO,
	FT_RESULT_POLL,
	FT_RESULT_SELECT,
	FT_RESULT_SLEEP,
	FT_RESULT_ENTRY, /* with the number that is behind the first argument */
	FT_RESULT_CLONE,
	FT_RESULT_CLONE3,
	FT_RESULT_SIGRETURN, /* which has no argument, but gives back a mask */
	FT_RESULT_FOUND, /* with a structure that the last argument points to */
	FT_RESULT_VCPU, /* with why a virtual processor stopped */
};

/* How a call is shown; its variants follow it in ft_shapes. */
struct ft_shape {
	const char *name;
	uint8_t length, nargs;
	uint16_t nvariants, nconditions;
	uint16_t arguments, conditions; /* the first of them in ft_arguments, ft_conditions */
	uint8_t result; /* enum ft_result_kind */
	uint16_t result_set; /* or its structure */
};

struct ft_shapes_of_abi {
	const uint16_t *at; /* by number: 1 + the place in ft_shapes; 0: there is no such call */
	uint16_t count;
	uint8_t model; /* enum ft_model */
};

/* A call that another stands for, by its first argument: i386's socketcall(2), ipc(2). */
struct ft_subcall {
	uint16_t nr; /* of that other one */
	uint8_t number;
	uint8_t count; /* of arguments */
	bool in_memory; /* they lie where its second argument points to */
	uint8_t order[6]; /* else which of its arguments they are */
	uint16_t shape;
};

extern const struct ft_subcall ft_subcalls[];
extern const uint16_t ft_subcall_count;
extern const struct ft_set ft_sets[];
extern const struct ft_type ft_types[];
extern const struct ft_struct ft_structs[FT_MODELS][FT_STRUCTS];
extern const struct ft_argument ft_arguments[];
extern const struct ft_condition ft_conditions[];
extern const struct ft_shape ft_shapes[];
extern const struct ft_shapes_of_abi ft_shapes_of[FT_ABI_COUNT];

struct ft_walk;
struct ft_memory;

/* A number whose text needs code. */
typedef void ft_show(struct ft_walk *walk, uint64_t value);
/* Memory whose text needs code; false: too short to say anything, the address is shown. */
typedef bool ft_read(struct ft_walk *walk, const struct ft_memory *memory);
typedef ft_show *ft_show_fn;
typedef ft_read *ft_read_fn;
extern const ft_show_fn ft_shows[];
extern const ft_read_fn ft_reads[];

/* The name of a value in a set that is no flags; NULL: none is known. */
const struct ft_member *ft_member_of(const struct ft_set *set, uint64_t value);

#endif
