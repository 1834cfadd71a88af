/* What ioctl(2) asks of hardware clocks for the precision time protocol (linux/ptp_clock.h). */
#include "decode/families.h"
#include "decode/text.h"
#include "decode/times.h"

#define NR(command) ((command) & 0xff)
#define SECOND_ONES 9u /* from PTP_CLOCK_GETCAPS2 on all are there again, with what was reserved */
#define TIME_SIZE   16u
#define SAMPLES_MAX 25u /* PTP_MAX_SAMPLES */
#define PIN_NAME    64u

enum perout_flags { DUTY_CYCLE = 2, PHASE = 4 };

static void word(struct ft_walk *walk, const char *name, const uint8_t *data)
{
	ft_number(walk, name, ft_load(data, 4), FT_UNSIGNED);
}

/* Words that stand for nothing yet, unless there is something in them. */
static void reserved(struct ft_walk *walk, const uint8_t *data, size_t count)
{
	uint64_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= ft_load(data + 4 * i, 4);
	if (!any)
		return;
	ft_next(walk, "rsv");
	ft_open(walk, "[");
	for (size_t i = 0; i < count && ft_next_element(walk, i); i++)
		ft_integer(walk, ft_load(data + 4 * i, 4), FT_HEX);
	ft_close(walk, "]");
}

/* struct ptp_clock_time */
static void show_value(struct ft_walk *walk, const uint8_t *data, bool is_date)
{
	int64_t seconds = (int64_t)ft_load(data, 8);
	uint32_t fraction = (uint32_t)ft_load(data + 8, 4);
	uint32_t finer = (uint32_t)ft_load(data + 12, 4);

	ft_open(walk, "{");
	ft_number(walk, "sec", (uint64_t)seconds, FT_SIGNED);
	ft_number(walk, "nsec", fraction, FT_UNSIGNED);
	if (finer)
		ft_number(walk, "reserved", finer, FT_HEX);
	ft_close(walk, "}");
	if (is_date && walk->constants != FT_NUMBERS && fraction < 1000000000)
		ft_date_comment(walk, seconds, fraction, 9);
}

static void show_time(struct ft_walk *walk, const char *name, const uint8_t *data, bool is_date)
{
	ft_next(walk, name);
	show_value(walk, data, is_date);
}

static void show_abilities(struct ft_walk *walk, const uint8_t *data)
{
	static const char *const names[] = { "max_adj", "n_alarm", "n_ext_ts", "n_per_out", "pps",
		"n_pins", "cross_timestamping", "adjust_phase", "max_phase_adj" };

	/* The last is newer than the others. */
	for (size_t i = 0; i < 9 && (i < 8 || ft_load(data + 4 * i, 4)); i++) {
		ft_next(walk, names[i]);
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)ft_load(data + 4 * i, 4), FT_SIGNED);
	}
	reserved(walk, data + 36, 11);
}

static void show_stamps(struct ft_walk *walk, const uint8_t *data, bool has_reserved)
{
	word(walk, "index", data);
	ft_next(walk, "flags");
	ft_set_shown(walk, FT_SET_PTP_FLAGS, ft_load(data + 4, 4));
	if (has_reserved)
		reserved(walk, data + 8, 2);
}

static void show_output(struct ft_walk *walk, const uint8_t *data, bool has_reserved)
{
	uint32_t flags = (uint32_t)ft_load(data + 36, 4);

	show_time(walk, flags & PHASE ? "phase" : "start", data, !(flags & PHASE));
	show_time(walk, "period", data + 16, false);
	word(walk, "index", data + 32);
	ft_next(walk, "flags");
	ft_set_shown(walk, FT_SET_PTP_PEROUT_FLAGS, flags);
	if (flags & DUTY_CYCLE)
		show_time(walk, "on", data + 40, false);
	else if (has_reserved)
		reserved(walk, data + 40, 4);
}

/* Pairs with one more, or threes of times that were measured one after the other. */
static void show_samples(struct ft_walk *walk, const uint8_t *data, bool in_threes)
{
	uint32_t count = (uint32_t)ft_load(data, 4);

	if (count > SAMPLES_MAX)
		count = SAMPLES_MAX;
	data += 16;
	ft_next(walk, "ts");
	ft_open(walk, "[");
	for (uint32_t i = 0; !in_threes && i < 2 * count + 1; i++, data += TIME_SIZE) {
		if (!ft_next_element(walk, i))
			break;
		show_value(walk, data, true);
	}
	for (uint32_t i = 0; in_threes && i < count; i++) {
		if (!ft_next_element(walk, i))
			break;
		ft_open(walk, "[");
		for (unsigned k = 0; k < 3; k++, data += TIME_SIZE)
			show_time(walk, NULL, data, true);
		ft_close(walk, "]");
	}
	ft_close(walk, "]");
}

static void show_offsets(
	struct ft_walk *walk, const uint8_t *asked, const uint8_t *found, bool in_threes)
{
	word(walk, "n_samples", asked);
	if (in_threes && ft_load(asked + 4, 4) && !ft_load(asked + 8, 8)) {
		ft_next(walk, "clockid");
		ft_set_shown(walk, FT_SET_CLOCK, ft_load(asked + 4, 4));
	} else {
		reserved(walk, asked + 4, 3);
	}
	if (found)
		show_samples(walk, found, in_threes);
}

static void show_precise(struct ft_walk *walk, const uint8_t *data)
{
	show_time(walk, "device", data, true);
	show_time(walk, "sys_realtime", data + 16, true);
	show_time(walk, "sys_monoraw", data + 32, false);
	reserved(walk, data + 48, 4);
}

/* struct ptp_pin_desc: its number is asked for, or all but its name is set. */
static void show_pin(struct ft_walk *walk, const uint8_t *asked, const uint8_t *found, bool is_set,
	bool has_reserved)
{
	const uint8_t *data = is_set ? asked : found;

	word(walk, "index", asked + PIN_NAME);
	if (has_reserved && !is_set)
		reserved(walk, asked + 76, 5);
	if (!is_set && found) {
		ft_next(walk, "name");
		ft_characters_shown(walk, found, PIN_NAME);
	}
	if (data) {
		ft_next(walk, "func");
		ft_set_shown(walk, FT_SET_PTP_PIN, ft_load(data + 68, 4));
		word(walk, "chan", data + 72);
	}
	if (has_reserved && is_set)
		reserved(walk, asked + 76, 5);
}

/* By the number within either half of the commands; sizes of their structures. */
static const uint16_t sizes[] = {
	[1] = 80, [2] = 16, [3] = 56, [5] = 832, [6] = 96, [7] = 96, [8] = 64, [9] = 1216
};

void ft_show_ptp(struct ft_walk *walk, uint64_t value)
{
	uint32_t nr = NR((uint32_t)walk->args[1]);
	bool is_second = nr > SECOND_ONES, is_found = walk->ended && !walk->failed;
	struct ft_memory before, after;
	const uint8_t *asked, *found;

	/* Those that count cycles came last. */
	nr = nr >= 21 ? nr - 13 : is_second ? nr - SECOND_ONES : nr;
	if (!value && !walk->is_shallow) {
		walk->sink->ops->null(walk->sink);
		return;
	}
	if (walk->is_shallow || nr >= sizeof(sizes) / sizeof(sizes[0]) || !sizes[nr]) {
		ft_integer(walk, value, FT_HEX);
		return;
	}
	before = ft_memory_at(walk->view, false, value, sizes[nr]);
	after = ft_memory_at(walk->view, true, value, sizes[nr]);
	asked = before.found == FT_HERE ? before.data : NULL;
	found = is_found && after.found == FT_HERE ? after.data : NULL;
	if (nr == 1 || nr == 8 ? !found : !asked) {
		ft_integer(walk, value, FT_HEX);
		return;
	}
	ft_open(walk, "{");
	switch (nr) {
	case 1:
		show_abilities(walk, found);
		break;
	case 2:
		show_stamps(walk, asked, is_second);
		break;
	case 3:
		show_output(walk, asked, is_second);
		break;
	case 5:
	case 9:
		show_offsets(walk, asked, found, nr == 9);
		break;
	case 6:
	case 7:
		show_pin(walk, asked, found, nr == 7, is_second);
		break;
	case 8:
		show_precise(walk, found);
		break;
	}
	ft_close(walk, "}");
}
