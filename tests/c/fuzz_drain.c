/* Areas of every kind for drain.c, normalise.c and the recorder's undo. */
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"
#include "engine/inline/stops/normalise.h"
#include "forged_brief.h"

#include "fuzz.h"

/* Words that mean something there, or nearly, and any others. */
static uint64_t take_word(struct input *in, struct forged *f)
{
	switch (take(in, 1) % 9) {
	case 0:
		return take(in, 8);
	case 1:
		return take(in, 1) - 8;
	case 2:
		return FORGED_BASE + take(in, 3);
	case 3:
		return FORGED_BASE - take(in, 1);
	case 4:
		return f->it.brief ? forged_address(f, forged_brief(f, (unsigned)take(in, 2)))
				   : forged_address(f, forged_record(f, (unsigned)take(in, 2)));
	case 5:
		return FORGED_BASE + take(in, 1) % (FT_BLOCKS + 2) * FT_BLOCK;
	case 6:
		return FORGED_BASE + FT_STRINGS_AT + 8 * take(in, 2);
	case 7:
		return FORGED_BASE + FT_AREA_STEP + take(in, 1) - 128;
	default:
		return ft_tsc_now() + take(in, 1);
	}
}

static uint64_t take_nr(struct input *in)
{
	static const uint64_t nrs[] = { SYS_open, SYS_openat, SYS_renameat, SYS_getuid, SYS_read,
		SYS_newfstatat, SYS_recvfrom, SYS_rt_sigprocmask, SYS_getppid, SYS_rt_sigreturn,
		SYS_execve, FT_NR_MAX, 0x40000001, -1 };
	uint64_t i = take(in, 1);

	return i < sizeof(nrs) / sizeof(nrs[0]) ? nrs[i] : take(in, 4);
}

static void put_record(struct input *in, struct forged *f)
{
	struct ft_raw *raw = forged_record(f, (unsigned)take(in, 2));

	for (unsigned fields = (unsigned)take(in, 2), i = 0; i < 12; i++)
		if (fields >> i & 1)
			((uint64_t *)raw)[i] = take_word(in, f);
	raw->nr = take_nr(in);
}

static void put_brief(struct input *in, struct forged *f)
{
	uint64_t *brief = (uint64_t *)forged_brief(f, (unsigned)take(in, 2));

	for (unsigned fields = (unsigned)take(in, 1), i = 0; i < 3; i++)
		if (fields >> i & 1)
			brief[i] = take_word(in, f);
	brief[3] = take_nr(in) | (take(in, 1) & 1 ? FT_BRIEF_MARK : 0);
}

static void put_string(struct input *in, struct forged *f)
{
	uint64_t at = take(in, 2) * 8 % (FT_AREA_STEP - FT_STRINGS_AT - 16), fill = take(in, 1);
	struct ft_payload head = { .length = (uint32_t)take(in, 2) % 5000,
		.arg = (uint8_t)take(in, 1),
		.type = (uint8_t)take(in, 1),
		.flags = (uint16_t)take(in, 2) };
	uint8_t *to = f->area + FT_STRINGS_AT + at;
	size_t room = FT_AREA_STEP - FT_STRINGS_AT - at - sizeof(head);

	memcpy(to, &head, sizeof(head));
	memset(to + sizeof(head), (int)fill, head.length < room ? head.length : room);
}

/* A whole call with strings, as the recorder writes it, but that one of its words may be another. */
static void put_call(struct input *in, struct forged *f)
{
	struct ft_area *area = (struct ft_area *)f->area;
	uint64_t at = area->cur - FORGED_BASE, strings = area->strings - FORGED_BASE;
	struct ft_raw *raw = forged_record(f, 0);
	struct ft_payload *item;
	uint32_t len = (uint32_t)take(in, 2) % (FT_STRING_MAX + 1);

	if (at >= FT_AREA || at % 8 || at % FT_BLOCK < FT_BLOCK_HEAD || strings % 8 ||
		strings < FT_STRINGS_AT ||
		strings > FT_AREA_STEP - FT_CAPTURE_ITEM_SPACE(FT_STRING_MAX))
		return;
	raw = (struct ft_raw *)(f->area + at);
	if ((uint8_t *)(raw + 1) > f->area + FT_AREA)
		return;
	item = (struct ft_payload *)(f->area + strings);
	*item = (struct ft_payload){ .length = len, .arg = 1, .type = FT_PAYLOAD_STRING };
	memset(item + 1, 'x', len);
	*raw = (struct ft_raw){ .start = ft_tsc_now(), .nr = SYS_openat, .ret = 3 };
	raw->end = ft_tsc_now();
	raw->strings = (uint32_t)area->strings;
	area->strings += FT_PAYLOAD_SIZE(len);
	raw->end_of_strings = (uint32_t)area->strings;
	area->cur += sizeof(*raw);
	if (take(in, 1) & 1)
		((uint64_t *)raw)[take(in, 1) % 12] = take_word(in, f);
}

static void normalise(struct input *in, struct forged *f)
{
	struct user_regs_struct regs = { .rax = take(in, 8), .rcx = take(in, 4) };

	regs.rip = FT_RECORDER_BASE + take(in, 2) % FT_RECORDER_CODE;
	regs.r11 = take_word(in, f);
	regs.r10 = take(in, 1);
	ft_normalise(&f->s, &f->t, &regs);
}

static void check_taken(struct forged *f)
{
	if (f->it.brief)
		forged_counted(f);
	else
		forged_take(f);
}

static void step(struct input *in, struct forged *f)
{
	struct ft_area *area = (struct ft_area *)f->area;

	switch (take(in, 1) % 14) {
	case 0:
		((uint64_t *)area)[take(in, 1) % (sizeof(*area) / 8)] = take_word(in, f);
		break;
	case 1:
		area->cur = take_word(in, f);
		break;
	case 2:
		area->busy = area->cur;
		break;
	case 3:
		if (f->it.brief)
			put_brief(in, f);
		else
			put_record(in, f);
		break;
	case 4:
		put_string(in, f);
		break;
	case 5:
		*ft_area_link(&f->it, (uint32_t)take(in, 1) % FT_BLOCKS) = take_word(in, f);
		break;
	case 6:
		for (uint64_t i = take(in, 3), n = take(in, 2); n && 8 * i < FT_AREA_STEP; i++, n--)
			((uint64_t *)f->area)[i] = take_word(in, f);
		break;
	case 7:
		ft_drain(&f->s, &f->it);
		break;
	case 8:
		ft_drain_next_block(&f->s, &f->it);
		break;
	case 9:
		normalise(in, f);
		break;
	case 10: /* the tracer has taken all that was there */
		ft_drain(&f->s, &f->it);
		check_taken(f);
		ft_area_reset_strings(&f->it);
		break;
	case 11:
		if (f->it.strings_at)
			f->it.strings_at = take_word(in, f);
		break;
	default:
		if (!f->it.brief)
			put_call(in, f);
		else if (area->cur - FORGED_BASE < FT_AREA - sizeof(struct ft_brief) &&
			 area->cur % 8 == 0)
			forged_put_brief(f, take_nr(in), (int64_t)take_word(in, f));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint32_t more = size && data[0] & 1 ? FT_OPT_ENTRY_ONLY : 0;
	const bool brief = size && (data[0] & 3) == 2;
	struct forged *f = brief ? forged_new_of(FT_OPT_TALLY, FT_AREA_STEP, true)
				 : forged_new(FT_OPT_EVENTS | FT_OPT_TALLY | FT_OPT_PAYLOAD | more);

	take(&in, 1);
	while (in.at < in.end)
		step(&in, f);
	ft_drain(&f->s, &f->it);
	ft_drain_begun(&f->s, &f->it);
	if (!brief)
		ft_record_cut(&f->s, &f->t); /* the tally of brief ones has finished calls alone */
	check_taken(f);
	forged_free(f);
	return 0;
}
