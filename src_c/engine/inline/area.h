/*
 * A task's area: memory that it shares with us. Its program may write what it likes there, and other
 * threads of it while we read. So nothing is read twice, and nothing that was read is used unchecked:
 * who needs a word of it takes a copy, by the functions here.
 */
#ifndef FT_AREA_H
#define FT_AREA_H

#include <stdbool.h>
#include <string.h>

#include "arch/x86_64/recorder.h"
#include "event.h"

struct ft_inline_task;
struct ft_task;

/* Blocks of records that the task fills in turn, and that we free in turn. */
#define FT_BLOCKS 16
#define FT_AREA	  (FT_BLOCKS * FT_BLOCK)
/* And behind the word that ends the last block, the payload items of its calls: "strings". */
#define FT_STRINGS    (4 * FT_BLOCK)
#define FT_AREA_STEP  (FT_AREA + FT_STRINGS)
#define FT_STRINGS_AT (FT_BIRTH_AT + FT_BIRTH_SIZE)

static_assert(FT_BIRTH_AT == FT_AREA + FT_BLOCK_HEAD, "behind that block's head");

/* One word, read or written at once. */
static inline uint64_t ft_area_get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void ft_area_set(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Of more words each may be of another moment. */
static inline void ft_area_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	__asm__ volatile("" : : "r"(to) : "memory"); /* what is used from now on is the copy */
}

/* What stood there. */
struct ft_area_seen {
	struct ft_area head;
	uint32_t
		at; /* offset of the record under way; 0: the task is at the end of a block, or lies */
	struct ft_raw raw; /* that record; zeros if there is none */
};

/*
 * Memory of an area is had when it is first touched; where it cannot be had (vm.overcommit_memory 2) that
 * is SIGBUS. So it is asked for first (madvise(2)), and false or -ENOMEM means that it cannot be had. What
 * is there stays there: see space/memory.c.
 */
/* A new task's, all zeros or another's before, who had more blocks or not. 0 or -ENOMEM. */
int ft_area_init(struct ft_inline_task *it, bool used, bool opened);
/* The task is at the end of its first block: the others are free. */
bool ft_area_open_blocks(struct ft_inline_task *it);
/* Whether all records before an offset can be read. */
bool ft_area_has(struct ft_inline_task *it, uint32_t end);
/* All items are taken: the next call's go to the start again, or, off, nowhere. */
void ft_area_reset_strings(struct ft_inline_task *it);
void ft_area_limit_strings(struct ft_inline_task *it, bool off);
/* FT_HANDLER_*: one may have begun, and what it blocks is known or not; 0: none has, or it has returned. */
void ft_area_set_handler(struct ft_inline_task *it, uint32_t handler);
uint32_t ft_area_handler(const struct ft_inline_task *it);
/* Notes the signal mask of a stopped task, as its program would. */
bool ft_area_note_mask(struct ft_task *t, uint64_t *mask);

void ft_area_look(struct ft_inline_task *it, struct ft_area_seen *out);
/* Where the task is: the offset of its record under way, or the end of a block. False: it lies. */
bool ft_area_position(const struct ft_inline_task *it, uint32_t *out);
void ft_area_finish_record(struct ft_inline_task *it, const struct ft_area_seen *seen);
/* Whether payload items may stand between these offsets, behind those that were taken before. */
bool ft_area_has_items(struct ft_inline_task *it, uint32_t at, uint32_t end);

/* Whether its last record is that of a call under way. */
static inline bool ft_area_is_in_call(const struct ft_area_seen *seen)
{
	return seen->at && seen->head.busy == seen->head.cur;
}

/* From now on, or no more, its task may make a thread without a stop; false: there is no memory for what that takes. */
bool ft_area_allow_birth(struct ft_inline_task *it);
void ft_area_end_births(struct ft_inline_task *it);
/* Of an area at this address of ours, where that was once allowed. */
static inline struct ft_birth *ft_area_birth(void *area)
{
	return (struct ft_birth *)((uint8_t *)area + FT_BIRTH_AT);
}
/* Whether a child is on its way: it has none by now, or another may be made. */
static inline bool ft_area_expects_birth(const struct ft_birth *b)
{
	return !ft_area_get(&b->ready);
}
static inline void ft_area_next_birth(struct ft_birth *b, uint64_t base)
{
	ft_area_set(&b->ready, base + FT_BIRTH_AT + offsetof(struct ft_birth, args));
}

/* The word before a block that says whether it is free: block 0 comes after the last one's end. */
uint64_t *ft_area_link(const struct ft_inline_task *it, uint32_t block);
/* The offset of a block's first record, and what one takes. */
uint32_t ft_area_first_record(const struct ft_inline_task *it, uint32_t block);
uint32_t ft_area_record_size(const struct ft_inline_task *it);
/* The word that has the number of a record that ends here. */
uint64_t *ft_area_number_before(const struct ft_inline_task *it, uint32_t end);
/* The record under way is that of an rt_sigreturn which has failed. */
void ft_area_fail_return(struct ft_inline_task *it, uint32_t at);

#endif
