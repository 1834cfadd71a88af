#define _GNU_SOURCE
#include "decode/strace_text.h"

#include "decode/dump.h"
#include "decode/families.h"
#include "decode/result.h"
#include "decode/task_names.h"

#define BILLION 1000000000u

static struct ft_strace_text *of(struct ft_sink *sink)
{
	return (struct ft_strace_text *)sink;
}

static void story_argument(struct ft_sink *sink, const char *name)
{
	struct ft_strace_text *st = of(sink);
	bool is_clone = name && st->at_entry == UINT32_MAX;

	/* What clone(2) is given for the child is told when there is one, the comma with it. */
	if (is_clone && !st->split &&
		(!strcmp(name, "parent_tid") || !strcmp(name, "tls") ||
			!strcmp(name, "child_tidptr")))
		st->split = st->text.at;
	if (!st->text.is_first)
		ft_put(&st->text, ", ", 2);
	st->text.is_first = false;
	if (st->argument++ == st->at_entry)
		st->split = st->text.at;
}

static void story_becomes(struct ft_sink *sink)
{
	struct ft_strace_text *st = of(sink);

	if (!st->split)
		st->split = st->text.at;
	ft_puts(&st->text, " => ");
}

static void story_then(struct ft_sink *sink)
{
	struct ft_strace_text *st = of(sink);

	if (!st->split)
		st->split = st->text.at;
}

static void story_hex(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut)
{
	of(sink)->ops.binary(sink, data, length, cut);
}

/* With -x: in hexadecimal what holds anything but printable ASCII and white space. */
static void story_bytes(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut)
{
	for (size_t i = 0; i < length; i++) {
		bool is_white = data[i] >= '\t' && data[i] <= '\r';

		if (!is_white && (data[i] < ' ' || data[i] > '~')) {
			story_hex(sink, data, length, cut);
			return;
		}
	}
	ft_put_quoted(&of(sink)->text, data, length, cut);
}

void ft_strace_start(struct ft_strace_text *st, const struct ft_strace_style *style)
{
	*st = (struct ft_strace_text){ .style = style, .second = INT64_MIN };
	ft_text_start(&st->text, st->daytime, 0);
	st->ops = *st->text.sink.ops;
	st->ops.argument = story_argument;
	st->ops.becomes = story_becomes;
	st->ops.then = story_then;
	if (style->hex)
		st->ops.bytes = st->ops.string = style->hex > 1 ? story_hex : story_bytes;
}

void ft_strace_into(struct ft_strace_text *st, char *buffer, size_t size)
{
	ptrdiff_t column = st->line ? st->text.at - st->line : 0;

	ft_text_start(&st->text, buffer, size);
	st->text.sink.ops = &st->ops;
	st->text.constants = st->style->constants;
	st->text.told = st->style->told;
	st->text.hex = st->style->hex;
	st->line = buffer - column;
}

static void put_spaces(struct ft_text *text, ptrdiff_t count)
{
	for (; count > 0 && !text->is_full; count--)
		ft_put(text, " ", 1);
}

/* Right-aligned in so many columns. */
static void put_aligned(struct ft_text *text, uint64_t value, unsigned width)
{
	uint64_t limit = 10;
	unsigned digits = 1;

	for (; value >= limit && digits < 19; limit *= 10)
		digits++;
	put_spaces(text, (ptrdiff_t)width - (ptrdiff_t)digits);
	ft_put_decimal(text, value);
}

/* What is behind the point of so many nanoseconds. */
static void put_fraction(struct ft_text *text, uint64_t ns, unsigned digits)
{
	static const uint32_t units[] = { BILLION, 1000000, 1000, 1 };

	if (!digits)
		return;
	ft_put(text, ".", 1);
	ft_put_padded(text, ns % BILLION / units[digits / 3], digits);
}

static void put_clock(struct ft_strace_text *st, uint64_t time_ns)
{
	const struct ft_strace_style *style = st->style;
	uint64_t now = time_ns + (uint64_t)style->realtime_ns;
	time_t second = (time_t)(now / BILLION);
	struct tm tm;

	if (style->clock == FT_CLOCK_UNIX) {
		ft_put_decimal(&st->text, now / BILLION);
	} else {
		if (second != st->second && localtime_r(&second, &tm)) {
			int parts[] = { tm.tm_hour, tm.tm_min, tm.tm_sec };
			char *at = st->daytime;

			for (int i = 0; i < 3; i++) {
				if (i)
					*at++ = ':';
				*at++ = (char)('0' + parts[i] / 10);
				*at++ = (char)('0' + parts[i] % 10);
			}
			st->second = second;
		}
		ft_put(&st->text, st->daytime, sizeof(st->daytime));
	}
	put_fraction(&st->text, now, style->clock_digits);
	ft_put(&st->text, " ", 1);
}

static void put_relative(struct ft_strace_text *st, uint64_t time_ns)
{
	uint64_t since = st->last_ns && time_ns > st->last_ns ? time_ns - st->last_ns : 0;
	bool in_brackets = st->style->clock;

	if (in_brackets)
		ft_puts(&st->text, "(+");
	put_aligned(&st->text, since / BILLION, 6);
	put_fraction(&st->text, since, st->style->relative_digits);
	ft_puts(&st->text, in_brackets ? ") " : " ");
}

static void put_place(struct ft_text *text, uint64_t place, bool in_32_bits)
{
	int digits = in_32_bits ? 8 : 16; /* at least: 64-bit code may call by int 0x80 */

	while (digits < 16 && place >> 4 * digits)
		digits++;
	ft_puts(text, "[");
	for (int i = digits; i--;)
		ft_put(text, place ? &"0123456789abcdef"[place >> 4 * i & 15] : "?", 1);
	ft_puts(text, "] ");
}

void ft_strace_head(struct ft_strace_text *st, const struct ft_strace_head *head)
{
	const struct ft_strace_style *style = st->style;
	struct ft_text *text = &st->text;
	char *from;

	st->line = text->at;
	if (style->who == FT_WHO_BRACKETS && head->several) {
		ft_puts(text, "[pid ");
		put_aligned(text, (uint32_t)head->tid, 5);
		ft_put_task_name(text, st->names, head->tid);
		ft_puts(text, "] ");
	} else if (style->who == FT_WHO_PLAIN) {
		from = text->at;
		ft_put_decimal(text, (uint32_t)head->tid);
		if (ft_task_names_told(st->names))
			ft_put_task_name(text, st->names, head->tid);
		else
			put_spaces(text, 5 - (text->at - from));
		ft_put(text, " ", 1);
	}
	if (style->clock)
		put_clock(st, head->time_ns);
	if (style->relative)
		put_relative(st, head->time_ns);
	if (style->numbers) {
		ft_puts(text, "[");
		put_aligned(text, (uint32_t)head->nr, 4);
		ft_puts(text, "] ");
	}
	if (style->places)
		put_place(text, head->place, head->in_32_bits);
	st->last_ns = head->time_ns;
}

/* How many arguments are shown at the entry: up to the first whose memory is read after the call. */
static unsigned shown_at_entry(const struct ft_shape *shape)
{
	const struct ft_argument *arguments;
	unsigned shown = 0;

	if (!shape)
		return 6;
	if (shape->result == FT_RESULT_CLONE)
		return UINT32_MAX;
	if (shape->result == FT_RESULT_SIGRETURN)
		return 1;
	arguments = &ft_arguments[shape->arguments];
	for (unsigned i = 0; i < shape->nargs; i++) {
		const struct ft_type *type = &ft_types[arguments[i].type];

		if (arguments[i].hidden)
			continue;
		if (type->kind == FT_POINTER && (type->shown == FT_OUT || type->shown == FT_ALWAYS))
			break;
		shown++;
	}
	return shown;
}

bool ft_strace_is_restart(const struct ft_event *ev)
{
	const struct ft_view view = { .event = ev };
	struct ft_text text;
	struct ft_walk walk;
	char none[1];

	ft_text_start(&text, none, 0);
	return !ft_walk_start(&walk, &view, &text.sink) &&
	       !strcmp(walk.shape->name, "restart_syscall");
}

bool ft_strace_needs_memory(const struct ft_event *ev)
{
	const struct ft_view view = { .event = ev };
	const struct ft_argument *arguments;
	struct ft_text text;
	struct ft_walk walk;
	char none[1];
	unsigned shown;

	ft_text_start(&text, none, 0);
	if (ft_walk_start(&walk, &view, &text.sink))
		return false;
	shown = shown_at_entry(walk.shape);
	arguments = &ft_arguments[walk.shape->arguments];
	for (unsigned i = 0; i < walk.shape->nargs && shown; i++) {
		if (arguments[i].hidden)
			continue;
		if (ft_types[arguments[i].type].kind == FT_POINTER && walk.args[i])
			return true;
		shown--;
	}
	return false;
}

static void put_name(struct ft_text *text, const struct ft_walk *walk)
{
	if (walk->shape) {
		ft_put(text, walk->shape->name, walk->shape->length);
		return;
	}
	ft_puts(text, walk->view->event->nr ? "syscall_" : "syscall_0x");
	ft_put_hex(text, (uint32_t)walk->view->event->nr);
}

/* Of restart_syscall(2), which has none, what it goes on with. */
static void put_arguments(struct ft_strace_text *st, struct ft_walk *walk)
{
	struct ft_event event = { .abi = walk->view->event->abi, .nr = st->previous };
	const struct ft_view view = { .event = &event };
	struct ft_walk previous;

	if (!walk->shape || walk->is_raw || strcmp(walk->shape->name, "restart_syscall")) {
		ft_walk_arguments(walk);
		return;
	}
	ft_puts(&st->text, "<... resuming interrupted ");
	if (st->previous < 0 || ft_walk_start(&previous, &view, &st->text.sink))
		ft_puts(&st->text, "system call");
	else
		ft_put(&st->text, previous.shape->name, previous.shape->length);
	ft_puts(&st->text, " ...>");
}

/* The arguments from the split on. */
static void put_rest(struct ft_strace_text *st, struct ft_walk *walk)
{
	struct ft_text *text = &st->text;
	char *from = text->at;

	ft_walk_arguments(walk);
	if (text->is_full)
		return;
	if (!st->split) {
		text->at = from;
		return;
	}
	memmove(from, st->split, (size_t)(text->at - st->split));
	text->at -= st->split - from;
}

static void put_altered(struct ft_text *text, const struct ft_event *ev)
{
	bool is_answered = !(ev->flags & FT_FLAG_OWN_RESULT);

	if (ev->flags & FT_FLAG_POKED)
		ft_puts(text, is_answered ? " (INJECTED: args, retval)" : " (INJECTED: args)");
	else if (is_answered)
		ft_puts(text, " (INJECTED)");
	if (ev->flags & FT_FLAG_DELAYED)
		ft_puts(text, " (DELAYED)");
}

static void put_end(struct ft_strace_text *st, struct ft_walk *walk)
{
	const struct ft_event *ev = walk->view->event;
	struct ft_text *text = &st->text;

	ft_puts(text, ") ");
	put_spaces(text, st->line + st->style->column - text->at);
	ft_puts(text, "= ");
	ft_put_result(text, walk, "", "");
	if (ev->flags & FT_FLAG_ALTERED)
		put_altered(text, ev);
	if (st->style->took && walk->ended) {
		ft_puts(text, " <");
		ft_put_decimal(text, ev->duration_ns / BILLION);
		put_fraction(text, ev->duration_ns, st->style->took_digits);
		ft_puts(text, ">");
	}
	ft_put(text, "\n", 1);
	ft_put_dumps(text, walk, st->style);
}

static void set_form(struct ft_walk *walk, const struct ft_strace_style *style)
{
	const struct ft_event *ev = walk->view->event;
	const uint8_t *forms = ev->abi < FT_ABI_COUNT ? style->forms[ev->abi] : NULL;
	uint8_t form = forms && (uint32_t)ev->nr < FT_NR_MAX ? forms[ev->nr] : 0;

	walk->string_max = style->string_max;
	walk->is_whole = form & FT_FORM_WHOLE;
	walk->is_shallow = form & FT_FORM_SHALLOW;
	walk->is_raw = form & FT_FORM_RAW;
	walk->constants = style->constants;
	/* A list is as long as a string may be. */
	walk->elements_max = walk->is_whole ? UINT32_MAX : style->string_max;
}

void ft_strace_call(struct ft_strace_text *st, const struct ft_view *view, enum ft_strace_part part)
{
	struct ft_text *text = &st->text;
	struct ft_walk walk;

	text->is_first = true;
	ft_walk_start(&walk, view, &text->sink);
	set_form(&walk, st->style);
	walk.files = st->files;
	walk.names = st->names;
	walk.is_begun = part == FT_PART_ENTRY;
	st->argument = 0;
	st->at_entry =
		part == FT_PART_WHOLE || walk.is_raw ? UINT32_MAX - 1 : shown_at_entry(walk.shape);
	st->split = NULL;
	if (part == FT_PART_EXIT) {
		ft_puts(text, "<... ");
		put_name(text, &walk);
		ft_puts(text, " resumed>");
	}
	if (part == FT_PART_EXIT || part == FT_PART_REST) {
		put_rest(st, &walk);
		put_end(st, &walk);
		return;
	}
	put_name(text, &walk);
	ft_put(text, "(", 1);
	put_arguments(st, &walk);
	if (part == FT_PART_WHOLE)
		put_end(st, &walk);
	else if (st->split && !text->is_full)
		text->at = st->split;
}
