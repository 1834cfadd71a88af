/* Times with what they are in other words. */
#include "decode/times.h"

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define UTIME_NOW_NS  ((1 << 30) - 1)
#define UTIME_OMIT_NS ((1 << 30) - 2)

void ft_date_comment(struct ft_walk *walk, int64_t seconds, uint64_t fraction, unsigned digits)
{
	int64_t days, rest, era, year_of_era, day_of_era, day_of_year, month, year;
	char buffer[64];
	struct ft_text text;

	/* Years of four digits; strace says nothing of 0 either. */
	if ((!seconds && !fraction) || seconds < -62135596800 || seconds > 253402300799)
		return;
	days = seconds / 86400 - (seconds % 86400 < 0);
	rest = seconds - days * 86400;
	/* The calendar repeats every 400 years, counted here from the 1st of March. */
	days += 719468;
	era = days / 146097 - (days % 146097 < 0);
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	year = year_of_era + era * 400 + (month >= 10);
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_padded(&text, (uint64_t)year, 4);
	ft_puts(&text, "-");
	ft_put_padded(&text, (uint64_t)(month < 10 ? month + 3 : month - 9), 2);
	ft_puts(&text, "-");
	ft_put_padded(&text, (uint64_t)(day_of_year - (153 * month + 2) / 5 + 1), 2);
	ft_puts(&text, "T");
	ft_put_padded(&text, (uint64_t)rest / 3600, 2);
	ft_puts(&text, ":");
	ft_put_padded(&text, (uint64_t)rest / 60 % 60, 2);
	ft_puts(&text, ":");
	ft_put_padded(&text, (uint64_t)rest % 60, 2);
	if (fraction) {
		ft_puts(&text, ".");
		ft_put_padded(&text, fraction, digits);
	}
	ft_puts(&text, "+0000");
	*text.at = 0;
	walk->sink->ops->comment(walk->sink, buffer);
}

/* Of a clock that ticks USER_HZ times a second: 100 on all architectures that we know. */
void ft_show_ticks(struct ft_walk *walk, uint64_t value)
{
	char buffer[48];
	struct ft_text text;

	ft_integer(walk, value, FT_UNSIGNED);
	if (!value)
		return;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_decimal(&text, value / 100);
	ft_puts(&text, ".");
	ft_put_padded(&text, value % 100, 2);
	ft_puts(&text, " s");
	*text.at = 0;
	walk->sink->ops->comment(walk->sink, buffer);
}

void ft_show_time(struct ft_walk *walk, uint64_t value)
{
	int64_t seconds = walk->word == 4 ? (int32_t)value : (int64_t)value;

	ft_integer(walk, (uint64_t)seconds, FT_SIGNED);
	ft_date_comment(walk, seconds, 0, 0);
}

/* word: bytes of each number; in_ns: else in microseconds. */
static void show_time_of_file(struct ft_walk *walk, const uint8_t *data, size_t word, bool in_ns)
{
	int64_t seconds, fraction;
	const char *name;

	seconds = word == 4 ? (int32_t)ft_load(data, 4) : (int64_t)ft_load(data, 8);
	fraction = word == 4 ? (int32_t)ft_load(data + 4, 4) : (int64_t)ft_load(data + 8, 8);
	name = !in_ns			   ? NULL
	       : fraction == UTIME_NOW_NS  ? "UTIME_NOW"
	       : fraction == UTIME_OMIT_NS ? "UTIME_OMIT"
					   : NULL;
	if (name && walk->constants == FT_NAMES) {
		ft_word(walk, name);
		return;
	}
	ft_open(walk, "{");
	ft_next(walk, "tv_sec");
	ft_integer(walk, (uint64_t)seconds, FT_SIGNED);
	ft_next(walk, in_ns ? "tv_nsec" : "tv_usec");
	ft_integer(walk, (uint64_t)fraction, FT_SIGNED);
	ft_close(walk, "}");
	if (name && walk->constants == FT_NUMBERS_AND_NAMES)
		walk->sink->ops->comment(walk->sink, name);
	if (fraction >= 0 && fraction < (in_ns ? 1000000000 : 1000000))
		ft_date_comment(walk, seconds, (uint64_t)fraction, in_ns ? 9 : 6);
}

/* Of the last access, and of the last change. */
static bool show_times_of_file(
	struct ft_walk *walk, const struct ft_memory *memory, size_t word, bool in_ns)
{
	if (memory->length < 4 * word)
		return false;
	ft_open(walk, "[");
	ft_next(walk, NULL);
	show_time_of_file(walk, memory->data, word, in_ns);
	ft_next(walk, NULL);
	show_time_of_file(walk, memory->data + 2 * word, word, in_ns);
	ft_close(walk, "]");
	return true;
}

bool ft_read_utimes(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_times_of_file(walk, memory, walk->word, false);
}

bool ft_read_utimens(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_times_of_file(walk, memory, walk->word, true);
}

bool ft_read_utimens64(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_times_of_file(walk, memory, 8, true);
}

/* Of struct stat, where nanoseconds are a field of their own. */
static bool show_time_of_stat(
	struct ft_walk *walk, const struct ft_memory *memory, const char *fraction_name)
{
	size_t word = walk->word;
	uint64_t fraction;
	int64_t seconds;

	if (memory->length < 2 * word)
		return false;
	seconds = word == 4 ? (int32_t)ft_load(memory->data, 4) : (int64_t)ft_load(memory->data, 8);
	fraction = ft_load(memory->data + word, word);
	ft_integer(walk, (uint64_t)seconds, FT_SIGNED);
	if (fraction < 1000000000)
		ft_date_comment(walk, seconds, fraction, 9);
	walk->sink->ops->next(walk->sink, fraction_name, strlen(fraction_name));
	ft_integer(walk, fraction, FT_UNSIGNED);
	return true;
}

bool ft_read_st_atime(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_time_of_stat(walk, memory, "st_atime_nsec");
}

bool ft_read_st_mtime(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_time_of_stat(walk, memory, "st_mtime_nsec");
}

bool ft_read_st_ctime(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_time_of_stat(walk, memory, "st_ctime_nsec");
}

/* struct statx_timestamp. */
bool ft_read_statx_time(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint32_t fraction;
	int64_t seconds;

	if (memory->length < 12)
		return false;
	seconds = (int64_t)ft_load(memory->data, 8);
	fraction = (uint32_t)ft_load(memory->data + 8, 4);
	ft_open(walk, "{");
	ft_next(walk, "tv_sec");
	ft_integer(walk, (uint64_t)seconds, FT_SIGNED);
	ft_next(walk, "tv_nsec");
	ft_integer(walk, fraction, FT_UNSIGNED);
	ft_close(walk, "}");
	if (fraction < 1000000000)
		ft_date_comment(walk, seconds, fraction, 9);
	return true;
}
