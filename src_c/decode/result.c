#include "decode/result.h"

#include "decode/composed.h"
#include "decode/families.h"
#include "decode/found.h"
#include "decode/frames.h"
#include "decode/signals.h"

/* The kernel's restart codes, which no program ever sees. */
static const char *restart_meaning(unsigned error)
{
	switch (error) {
	case 512: /* ERESTARTSYS */
		return "To be restarted if SA_RESTART is set";
	case 513: /* ERESTARTNOINTR */
		return "To be restarted";
	case 514: /* ERESTARTNOHAND */
		return "To be restarted if no handler";
	case 516: /* ERESTART_RESTARTBLOCK */
		return "Interrupted by signal";
	}
	return NULL;
}

static void put_error(struct ft_text *text, unsigned error)
{
	const struct ft_member *m = ft_member_of(&ft_sets[FT_SET_ERRNO], error);
	const char *restart = restart_meaning(error);
	const char *message = restart ? restart : strerror((int)error);

	ft_puts(text, restart ? "? " : "-1 ");
	if (m) {
		ft_put(text, m->name, m->length);
	} else {
		ft_puts(text, "ERRNO_");
		ft_put_decimal(text, error);
	}
	ft_puts(text, " (");
	ft_put(text, message, strlen(message));
	ft_puts(text, ")");
}

/* Of the elements that poll(2) was given those in which something happened. */
static void put_polled(struct ft_text *text, struct ft_walk *walk)
{
	struct ft_memory memory = ft_found_polled(walk);
	unsigned shown = 0, structure;

	if (memory.length < 8 || walk->is_shallow)
		return;
	ft_puts(text, " ([");
	text->is_first = true;
	for (; ft_found_next(&memory); memory.data += 8, memory.length -= 8) {
		ft_next(walk, NULL);
		if (shown++ == walk->elements_max) {
			ft_puts(text, "...");
			break;
		}
		ft_walk_struct(walk, FT_STRUCT_POLLFD_FOUND, &memory);
	}
	ft_puts(text, "]");
	if (ft_found_left(walk, &memory, &structure)) {
		ft_puts(text, ", left ");
		ft_walk_struct(walk, structure, &memory);
	}
	ft_puts(text, ")");
}

static void put_selected(struct ft_text *text, struct ft_walk *walk)
{
	static const char *const names[] = { "in ", "out ", "except " };
	struct ft_memory memory;
	unsigned structure;
	bool any = false;

	for (int i = 0; i < 3; i++) {
		if (!ft_found_selected(walk, i, &memory))
			continue;
		ft_puts(text, any ? ", " : " (");
		ft_puts(text, names[i]);
		ft_read_fdset(walk, &memory);
		any = true;
	}
	if (ft_found_left(walk, &memory, &structure)) {
		ft_puts(text, any ? ", left " : " (left ");
		if (walk->is_shallow)
			ft_put_hex(text, walk->args[4]);
		else
			ft_walk_struct(walk, structure, &memory);
		any = true;
	}
	if (any)
		ft_puts(text, ")");
}

/* The number of a segment's entry, which the kernel may have chosen. */
static void put_entry(struct ft_text *text, struct ft_walk *walk)
{
	struct ft_memory memory = ft_memory_at(walk->view, true, walk->args[0], 4);

	ft_put_signed(text, walk->ret);
	if (memory.length < 4 || walk->is_shallow)
		return;
	ft_puts(text, " (entry_number=");
	ft_put_signed(text, (int32_t)ft_load(memory.data, 4));
	ft_puts(text, ")");
}

static void put_found(struct ft_text *text, struct ft_walk *walk)
{
	struct ft_memory memory = ft_found_behind(walk);

	if (memory.found != FT_HERE || walk->is_shallow)
		return;
	ft_puts(text, " (");
	ft_walk_struct(walk, walk->shape->result_set, &memory);
	ft_puts(text, ")");
}

/* Why KVM_RUN ended, if that was asked for. */
static void put_vcpu_exit(struct ft_text *text, const struct ft_view *view)
{
	const struct ft_event *ev = view->event;
	size_t size = 0;
	const uint8_t *item = view->payload ? ft_item_of(ev, FT_PAYLOAD_VCPU, view->payload,
						      view->payload_length, ev->payload, &size)
					    : NULL;
	const struct ft_member *reason;

	if (!item || size < 4)
		return;
	reason = ft_member_of(&ft_sets[FT_SET_KVM_EXIT], ft_load(item, 4));
	ft_puts(text, " (");
	if (reason)
		ft_put(text, reason->name, reason->length);
	else
		ft_puts(text, "KVM_EXIT_???");
	ft_puts(text, ")");
}

static void put_value(struct ft_text *text, struct ft_walk *walk)
{
	uint64_t value = walk->word == 4 ? (uint32_t)walk->ret : (uint64_t)walk->ret;
	const struct ft_shape *shape = walk->shape;
	const struct ft_set *set;
	const struct ft_member *m;
	char *named, *names;

	switch (shape ? (enum ft_result_kind)shape->result : FT_RESULT_INT) {
	case FT_RESULT_ADDR:
		ft_put_hex(text, value);
		return;
	case FT_RESULT_MODE:
		ft_show_mode(walk, value);
		return;
	case FT_RESULT_HANDLER:
		ft_show_handler(walk, value);
		return;
	case FT_RESULT_ENTRY:
		put_entry(text, walk);
		return;
	case FT_RESULT_FOUND:
		ft_put_signed(text, walk->ret);
		put_found(text, walk);
		return;
	case FT_RESULT_FLAGS:
	case FT_RESULT_SEALS:
	case FT_RESULT_NAMES:
		set = &ft_sets[shape->result_set];
		ft_put_hex(text, value);
		value = ft_as_on_x86(walk, shape->result_set, value);
		named = text->at;
		ft_puts(text, shape->result == FT_RESULT_FLAGS	 ? " (flags "
			      : shape->result == FT_RESULT_SEALS ? " (seals "
								 : " (");
		names = text->at;
		m = set->is_flags ? NULL : ft_member_of(set, value);
		if (m) {
			ft_put(text, m->name, m->length);
			ft_puts(text, ")");
			return;
		}
		if (!ft_put_flags(text, set, value)) {
			text->at = text->is_full ? text->at : named;
			return;
		}
		/* strace has the flags of a file by name in each form. */
		if (shape->result_set != FT_SET_OPEN_FLAGS && !text->is_full) {
			text->at = names;
			ft_put_set(text, set, value);
		}
		ft_puts(text, ")");
		return;
	case FT_RESULT_ENUM:
	case FT_RESULT_SIGNAL:
		ft_put_signed(text, walk->ret);
		set = &ft_sets[shape->result == FT_RESULT_ENUM ? shape->result_set : FT_SET_SIGNAL];
		m = ft_member_of(set, value);
		if (!m)
			return;
		ft_puts(text, " (");
		ft_put(text, m->name, m->length);
		ft_puts(text, ")");
		return;
	case FT_RESULT_IOPRIO:
		ft_put_signed(text, walk->ret);
		if (text->constants == FT_NUMBERS)
			return;
		ft_puts(text, " (");
		ft_put_ioprio(text, (uint32_t)value);
		ft_puts(text, ")");
		return;
	case FT_RESULT_UID:
	case FT_RESULT_GID:
		ft_put_decimal(text, (uint32_t)value);
		return;
	case FT_RESULT_POLL:
	case FT_RESULT_SELECT:
		walk->files = NULL; /* what they are is told in the arguments */
		ft_put_signed(text, walk->ret);
		if (!walk->ret)
			ft_puts(text, " (Timeout)");
		else if (shape->result == FT_RESULT_POLL)
			put_polled(text, walk);
		else
			put_selected(text, walk);
		return;
	case FT_RESULT_FD:
		ft_show_fd(walk, value);
		return;
	case FT_RESULT_PID:
	case FT_RESULT_CLONE:
	case FT_RESULT_CLONE3:
		ft_show_pid(walk, value);
		return;
	case FT_RESULT_VCPU:
		ft_put_signed(text, walk->ret);
		put_vcpu_exit(text, walk->view);
		return;
	case FT_RESULT_PGID:
		ft_show_pgid(walk, value);
		return;
	case FT_RESULT_SID:
		ft_show_sid(walk, value);
		return;
	default:
		ft_put_signed(text, walk->ret);
	}
}

/* What rt_sigreturn(2) gives back is a register's content, which strace reads as a result. */
static bool looks_failed(const struct ft_walk *walk)
{
	return walk->view->event->flags & (FT_FLAG_ERROR | FT_FLAG_INTERRUPTED) ||
	       (walk->shape && walk->shape->result == FT_RESULT_SIGRETURN);
}

void ft_put_result(struct ft_text *text, struct ft_walk *walk, const char *red, const char *reset)
{
	if (!walk->ended) {
		ft_puts(text, "?");
	} else if (looks_failed(walk) && walk->ret < 0 && walk->ret >= -FT_ERRNO_MAX) {
		ft_put(text, red, strlen(red));
		put_error(text, (unsigned)-walk->ret);
		ft_put(text, reset, strlen(reset));
	} else {
		walk->after = true;
		if (walk->is_raw)
			ft_put_hex(text, ft_cut_to((uint64_t)walk->ret, walk->word));
		else
			put_value(text, walk);
	}
}
