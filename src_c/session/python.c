#define _GNU_SOURCE
#include "session/python.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "kernel/proc.h"
#include "kernel/reader.h"
#include "python/stack.h"
#include "session/capture.h"
#include "session/record.h"

#define ITEM_MAX 0x8000u
#define AUXV_MAX 1024

/* Of all tasks that share their memory, and of children from before they had others. */
struct ft_python {
	int refs;
	struct ft_python_interpreter interpreter;
};

static void put(struct ft_python *py)
{
	if (py && --py->refs == 0)
		free(py);
}

void ft_python_inherit(struct ft_task *child, const struct ft_task *parent)
{
	struct ft_python *py = parent->python;

	/* Before it is found each looks for itself: they may load different libraries. */
	if (!py || child->python || py->interpreter.state < FT_PYTHON_FOUND)
		return;
	child->python = py;
	py->refs++;
}

void ft_python_forget(struct ft_task *t)
{
	put(t->python);
	t->python = NULL;
	if (t->python_thread)
		ft_python_trail_free(&t->python_thread->trail);
	free(t->python_thread);
	t->python_thread = NULL;
}

static struct ft_python *python_of(struct ft_session *s, struct ft_task *t)
{
	struct ft_task *leader;

	if (t->python)
		return t->python;
	leader = ft_task_find(&s->tasks, t->tgid);
	if (leader && leader->python) {
		t->python = leader->python;
		t->python->refs++;
		return t->python;
	}
	t->python = calloc(1, sizeof(*t->python));
	if (!t->python)
		return NULL;
	t->python->refs = 1;
	if (leader && leader != t) {
		leader->python = t->python;
		t->python->refs++;
	}
	return t->python;
}

/* A look's memory. */
struct place {
	struct ft_session *s;
	struct ft_task *t;
	pid_t memory;
};

static bool read_bytes(void *from, uint64_t address, void *to, size_t size)
{
	struct place *p = from;
	ssize_t n;

	if (p->t->unreadable)
		return false;
	n = ft_reader_read(p->s->reader, p->memory, -1, address, to, size);
	p->t->unreadable |= n == -ETIMEDOUT;
	return n == (ssize_t)size;
}

static size_t read_pieces(void *from, const struct ft_piece *pieces, size_t n, uint8_t *to)
{
	struct place *p = from;

	return p->t->unreadable ? 0 : ft_reader_pieces(p->s->reader, p->memory, pieces, n, to);
}

/* NULL: there is no memory. */
static struct ft_python_thread *begin(struct ft_session *s, struct ft_task *t, struct place *place,
	struct ft_python_source *source)
{
	if (!s->python_reads)
		s->python_reads = malloc(sizeof(*s->python_reads));
	if (!t->python_thread)
		t->python_thread = calloc(1, sizeof(*t->python_thread));
	if (!s->python_reads || !t->python_thread || !python_of(s, t))
		return NULL;
	*source = (struct ft_python_source){
		.from = place, .read = read_bytes, .pieces = read_pieces
	};
	ft_python_reads_begin(s->python_reads, source, &t->python_thread->trail);
	return t->python_thread;
}

static enum ft_python_state look(struct ft_session *s, const struct ft_task *t)
{
	struct ft_python_interpreter *in = &t->python->interpreter;
	char auxv[AUXV_MAX];
	uint32_t before;
	ssize_t n = 0;

	if (in->state == FT_PYTHON_UNSEEN)
		n = ft_proc_read(t->tgid, "auxv", auxv, sizeof(auxv));
	before = in->unread;
	ft_python_look(s->python_reads, in, (const uint8_t *)auxv, n > 0 ? (size_t)n : 0);
	if (in->unread != before)
		ft_record_unread(s, t, in->unread);
	return in->state;
}

/* Where there is nothing to look for, or no more: what starts the command is ours. */
static bool is_settled(const struct ft_session *s, const struct ft_task *t)
{
	return s->gate || t->unreadable ||
	       (t->python && t->python->interpreter.state == FT_PYTHON_NEVER);
}

size_t ft_python_capture(
	struct ft_session *s, struct ft_task *t, pid_t memory, uint8_t *to, size_t room)
{
	struct ft_payload item = { .arg = FT_NO_ARG, .type = FT_PAYLOAD_PYTHON };
	struct place place = { .s = s, .t = t, .memory = memory };
	struct ft_python_source source;
	struct ft_python_thread *thread;
	uint64_t self;
	size_t size = 0;

	if (is_settled(s, t) || room < sizeof(item) + ITEM_MAX)
		return 0;
	thread = begin(s, t, &place, &source);
	if (!thread)
		return 0;
	if (look(s, t) == FT_PYTHON_FOUND && !ft_arch_thread_pointer(t->tid, &self))
		size = ft_python_stack(s->python_reads, &t->python->interpreter, thread, self,
			s->python_frames, to + sizeof(item), ITEM_MAX, &item.flags);
	ft_python_reads_end(s->python_reads, &thread->trail);
	if (!size)
		return 0;
	item.length = (uint32_t)size;
	return ft_payload_put(to, &item);
}

bool ft_python_is_there(struct ft_session *s, struct ft_task *t)
{
	struct place place = { .s = s, .t = t, .memory = t->tid };
	struct ft_python_source source;

	if (t->python && t->python->interpreter.state >= FT_PYTHON_FOUND)
		return t->python->interpreter.state == FT_PYTHON_FOUND;
	return !is_settled(s, t) && begin(s, t, &place, &source) && look(s, t) == FT_PYTHON_FOUND;
}

bool ft_python_is_expected(struct ft_session *s, struct ft_task *t)
{
	return ft_python_is_there(s, t) ||
	       (t->python && t->python->interpreter.state == FT_PYTHON_ABSENT &&
		       t->python->interpreter.program.needs_python);
}
