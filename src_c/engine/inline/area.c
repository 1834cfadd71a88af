#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/area.h"
#include "engine/inline/inline.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <linux/ptrace.h>

static_assert((FT_BLOCK - FT_BLOCK_HEAD) % sizeof(struct ft_raw) == 0 &&
		      (FT_BLOCK - FT_BRIEF_HEAD) % sizeof(struct ft_brief) == 0,
	"records fill a block");
static_assert(offsetof(struct ft_raw, ret) == offsetof(struct ft_brief, ret) &&
		      offsetof(struct ft_raw, end) == offsetof(struct ft_brief, end),
	"they begin alike");
static_assert(FT_STRINGS >= FT_STRINGS_AT - FT_AREA + FT_CAPTURE_SPACE, "room for a call's");

#define PAGE 4096u

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

/* Makes sure that the pages of [*had, end) are there. */
static bool have(const struct ft_inline_task *it, uint32_t *had, uint32_t end, int how)
{
	if (end <= *had)
		return true;
	end = (end + PAGE - 1) / PAGE * PAGE;
	if (madvise((uint8_t *)it->area + *had, end - *had, how) < 0)
		return false;
	*had = end;
	return true;
}

bool ft_area_has(struct ft_inline_task *it, uint32_t end)
{
	return have(it, &it->has_records, end, MADV_POPULATE_READ);
}

static const uint8_t *at_offset(const struct ft_inline_task *it, uint32_t at)
{
	return (const uint8_t *)it->area + at;
}

uint32_t ft_area_first_record(const struct ft_inline_task *it, uint32_t block)
{
	return block * FT_BLOCK + (it->brief ? FT_BRIEF_HEAD : FT_BLOCK_HEAD);
}

uint32_t ft_area_record_size(const struct ft_inline_task *it)
{
	return it->brief ? sizeof(struct ft_brief) : sizeof(struct ft_raw);
}

static struct ft_kept *kept_of(const struct ft_inline_task *it)
{
	return (struct ft_kept *)((uint8_t *)it->area + FT_BLOCK_HEAD);
}

static bool is_record(const struct ft_inline_task *it, uint64_t offset)
{
	uint64_t in_block = offset % FT_BLOCK, first = ft_area_first_record(it, 0);

	return offset < FT_AREA && in_block >= first &&
	       (in_block - first) % ft_area_record_size(it) == 0;
}

/* Of the blocks but the first the task knows nothing before it has come to the end of that one. */
static bool is_position(const struct ft_inline_task *it, uint64_t offset)
{
	return (is_record(it, offset) || (offset && offset % FT_BLOCK == 0)) &&
	       offset <= (it->opened ? FT_AREA : FT_BLOCK);
}

bool ft_area_position(const struct ft_inline_task *it, uint32_t *out)
{
	uint64_t offset = ft_area_get(&it->area->cur) - it->base;

	*out = (uint32_t)offset;
	return is_position(it, offset);
}

void ft_area_look(struct ft_inline_task *it, struct ft_area_seen *out)
{
	struct ft_brief brief;
	struct ft_kept kept;
	uint64_t offset;

	*out = (struct ft_area_seen){ .at = 0 };
	ft_area_copy(&out->head, it->area, sizeof(out->head));
	offset = out->head.cur - it->base;
	if (!is_position(it, offset) || !is_record(it, offset) ||
		!ft_area_has(it, (uint32_t)offset + ft_area_record_size(it)))
		return;
	out->at = (uint32_t)offset;
	if (!it->brief) {
		ft_area_copy(&out->raw, at_offset(it, out->at), sizeof(out->raw));
		return;
	}
	ft_area_copy(&brief, at_offset(it, out->at), sizeof(brief));
	ft_area_copy(&kept, kept_of(it), sizeof(kept));
	ft_recorder_lengthen(&brief, &kept, &out->raw);
}

/* The upper half of its number is as the recorder would leave it. */
static uint64_t marked(const struct ft_raw *raw)
{
	uint32_t nr = (uint32_t)raw->nr;
	bool mark = nr == SYS_rt_sigreturn ? raw->frame : raw->strings & FT_RAW_ASKED;

	if (nr != SYS_rt_sigreturn && nr != SYS_rt_sigprocmask)
		return raw->nr;
	return nr | (mark ? FT_BRIEF_MARK : 0);
}

void ft_area_finish_record(struct ft_inline_task *it, const struct ft_area_seen *seen)
{
	struct ft_raw *raw = (struct ft_raw *)((uint8_t *)it->area + seen->at);
	const uint32_t end = seen->at + ft_area_record_size(it);

	ft_area_set((uint64_t *)&raw->ret,
		(uint64_t)seen->raw.ret); /* of a brief one it is there, too */
	ft_area_set(&raw->end, seen->raw.end);
	if (it->brief)
		ft_area_set(ft_area_number_before(it, end), marked(&seen->raw));
	ft_area_set(&it->area->cur, it->base + end);
}

uint64_t *ft_area_number_before(const struct ft_inline_task *it, uint32_t end)
{
	const size_t back = it->brief ? sizeof(struct ft_brief) - offsetof(struct ft_brief, nr)
				      : sizeof(struct ft_raw) - offsetof(struct ft_raw, nr);

	return (uint64_t *)((uint8_t *)it->area + end - back);
}

void ft_area_fail_return(struct ft_inline_task *it, uint32_t at)
{
	struct ft_raw *raw = (struct ft_raw *)((uint8_t *)it->area + at);

	ft_area_set(it->brief ? &kept_of(it)->frame : &raw->frame, 0);
}

bool ft_area_has_items(struct ft_inline_task *it, uint32_t at, uint32_t end)
{
	/* Those that were taken already would multiply what a few bytes of the task's cost us. */
	return at >= it->strings_taken && end <= FT_AREA_STEP && at <= end && at % 8 == 0 &&
	       have(it, &it->has_strings, end, MADV_POPULATE_READ);
}

uint64_t *ft_area_link(const struct ft_inline_task *it, uint32_t block)
{
	return (uint64_t *)((uint8_t *)it->area + (block ? block : FT_BLOCKS) * FT_BLOCK);
}

static void free_blocks(struct ft_inline_task *it)
{
	for (uint32_t block = 1; block < FT_BLOCKS; block++)
		ft_area_set(ft_area_link(it, block), it->base + ft_area_first_record(it, block));
	ft_area_set(ft_area_link(it, 0), 0); /* it is in use */
	it->opened = true;
}

bool ft_area_open_blocks(struct ft_inline_task *it)
{
	/* A block's word is on the page of its first records, that of block 0 before the strings. */
	for (uint32_t block = 1; block <= FT_BLOCKS; block++) {
		uint32_t had = block * FT_BLOCK;

		if (!have(it, &had, had + PAGE, MADV_POPULATE_WRITE))
			return false;
	}
	free_blocks(it);
	return true;
}

void ft_area_limit_strings(struct ft_inline_task *it, bool off)
{
	ft_area_set(&it->area->strings_limit, off ? 0 : it->base + FT_AREA_STEP - FT_CAPTURE_SPACE);
}

void ft_area_set_handler(struct ft_inline_task *it, uint32_t handler)
{
	__atomic_store_n(&it->area->handler, handler, __ATOMIC_RELEASE);
}

uint32_t ft_area_handler(const struct ft_inline_task *it)
{
	return __atomic_load_n(&it->area->handler, __ATOMIC_ACQUIRE);
}

void ft_area_reset_strings(struct ft_inline_task *it)
{
	it->strings_taken = FT_STRINGS_AT;
	ft_area_set(&it->area->strings, it->base + FT_STRINGS_AT);
}

int ft_area_init(struct ft_inline_task *it, bool used, bool opened)
{
	it->has_records = used ? PAGE : 0;
	it->has_strings = FT_AREA;
	if (!have(it, &it->has_records, PAGE, MADV_POPULATE_WRITE))
		return -ENOMEM;
	memset(it->area, 0, ft_area_first_record(it, 0));
	/* Most tasks need but one block; where there were more their words say what was. */
	it->opened = false;
	if (opened)
		free_blocks(it);
	ft_area_reset_strings(it);
	ft_area_limit_strings(it, false);
	it->drained = ft_area_first_record(it, 0);
	ft_area_set(&it->area->cur, it->base + it->drained);
	if (it->brief)
		ft_area_set(&it->area->mask_at, it->base + offsetof(struct ft_area, mask));
	return 0;
}

bool ft_area_allow_birth(struct ft_inline_task *it)
{
	struct ft_birth *b = ft_area_birth(it->area);
	uint32_t had = FT_AREA;

	if (!have(it, &had, FT_AREA + PAGE, MADV_POPULATE_WRITE))
		return false;
	ft_area_set(&b->args_at, it->base + FT_BIRTH_AT + offsetof(struct ft_birth, args));
	ft_area_set(&b->maker, (uint64_t)it->task->tid);
	ft_area_next_birth(b, it->base);
	it->makes_threads = true;
	return true;
}

void ft_area_end_births(struct ft_inline_task *it)
{
	if (it->makes_threads)
		ft_area_set(&ft_area_birth(it->area)->ready, 0);
	it->makes_threads = false;
}

bool ft_area_note_mask(struct ft_task *t, uint64_t *mask)
{
	if (ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(*mask), mask) < 0)
		return false;
	ft_area_set(&t->in->area->mask, *mask);
	return true;
}
#endif
