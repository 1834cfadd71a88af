#define _GNU_SOURCE
#include "session/links.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/link.h"
#include "kernel/reader.h"
#include "kernel/vcpu.h"
#include "session/capture.h"
#include "session/fetch.h"

#define NO_ARG	 255
#define LIST_MAX 1024 /* descriptors that are looked up at once */

/* Returns what it takes; 0: there is no such descriptor, it may not be looked at, or there is no room. */
static size_t put_link(struct ft_session *s, struct ft_task *t, int fd, uint8_t *to, size_t room)
{
	struct ft_payload head = {
		.arg = NO_ARG,
		.type = FT_PAYLOAD_LINK,
		.flags = FT_PAYLOAD_EXIT,
		.address = (uint64_t)(int64_t)fd,
	};
	char *bytes = (char *)to + sizeof(head);
	ssize_t n;

	if (room < FT_PAYLOAD_SIZE(FT_LINK_MAX))
		return 0;
	n = ft_link_read(s->reader, t->tgid, t->tid, fd, !t->unreadable, bytes);
	if (n == -ETIMEDOUT) {
		t->unreadable = true;
		n = ft_link_read(s->reader, t->tgid, t->tid, fd, false, bytes);
	}
	if (n < 0)
		return 0;
	head.length = (uint32_t)n;
	return ft_payload_put(to, &head);
}

size_t ft_links_of_task(struct ft_session *s, struct ft_task *t, uint8_t *to, size_t room)
{
	int fds[LIST_MAX], count = ft_link_list(t->tid, fds, LIST_MAX);
	size_t length = put_link(s, t, (int)FT_LINK_CWD, to, room);

	for (int i = 0; i < count; i++)
		length += put_link(s, t, fds[i], to + length, room - length);
	return length;
}

uint64_t ft_links_shared(pid_t a, pid_t b)
{
	bool files = !syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0);
	bool fs = !syscall(SYS_kcmp, a, b, KCMP_FS, 0, 0);

	return (files ? CLONE_FILES : 0) | (fs ? CLONE_FS : 0);
}

static void add(struct ft_session *s, struct ft_task *t, int fd)
{
	t->payload_len +=
		put_link(s, t, fd, t->payload + t->payload_len, FT_CAPTURE_ROOM - t->payload_len);
}

static void add_pair(struct ft_session *s, struct ft_task *t, uint64_t address)
{
	struct ft_fetch from;
	int32_t pair[2];

	ft_fetch_begin(&from, s, t, t->tid);
	if (ft_fetch_bytes(&from, address, (uint8_t *)pair, sizeof(pair)) != sizeof(pair))
		return;
	add(s, t, pair[0]);
	add(s, t, pair[1]);
}

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

/* Those that SCM_RIGHTS brings: struct cmsghdr, whose length is a word. */
static void add_rights(
	struct ft_session *s, struct ft_task *t, const uint8_t *control, size_t length, size_t word)
{
	while (length >= word + 8) {
		uint64_t size = load(control, word);
		size_t step;

		if (size < word + 8 || size > length)
			return;
		if (load(control + word, 4) == SOL_SOCKET &&
			load(control + word + 4, 4) == SCM_RIGHTS)
			for (size_t at = word + 8; at + 4 <= size; at += 4)
				add(s, t, (int)load(control + at, 4));
		step = ((size_t)size + word - 1) & ~(word - 1);
		if (step > length)
			return;
		control += step;
		length -= step;
	}
}

/* The bytes that were copied behind the call from an address, as it says; NULL: none. */
static const uint8_t *copied(
	const struct ft_task *t, size_t until, uint64_t address, size_t *length)
{
	const struct ft_payload *item;

	for (size_t at = 0; at < until; at += FT_PAYLOAD_SIZE(item->length)) {
		item = (const struct ft_payload *)(t->payload + at);
		if (item->type != FT_PAYLOAD_BYTES || !(item->flags & FT_PAYLOAD_EXIT) ||
			item->address != address)
			continue;
		*length = item->length;
		return (const uint8_t *)(item + 1);
	}
	return NULL;
}

/* struct user_msghdr, and mmsghdr: see take_messages() in capture.c. */
static void add_messages(
	struct ft_session *s, struct ft_task *t, const struct ft_event *call, uint64_t address)
{
	size_t word = call->abi == FT_ABI_I386 ? 4 : 8, length, size, until = t->payload_len;
	const uint8_t *message = copied(t, until, address, &length), *control;

	for (; message && length >= 7 * word; message += 8 * word, length -= 8 * word) {
		control = copied(t, until, load(message + 4 * word, word), &size);
		if (control && load(message + 5 * word, word) <= size)
			add_rights(s, t, control, load(message + 5 * word, word), word);
		if (length < 8 * word)
			break;
	}
}

/* Why KVM_RUN ended, if that is to be had. */
static void add_exit(struct ft_session *s, struct ft_task *t, int fd)
{
	struct ft_payload head = {
		.length = sizeof(uint32_t),
		.arg = NO_ARG,
		.type = FT_PAYLOAD_VCPU,
		.flags = FT_PAYLOAD_EXIT,
	};
	uint8_t *to = t->payload + t->payload_len;

	if (FT_CAPTURE_ROOM - t->payload_len < FT_PAYLOAD_SIZE(sizeof(uint32_t)))
		return;
	if (ft_reader_call(s->reader, ft_vcpu_exit, t->tid, (uint64_t)fd, 0,
		    (char *)to + sizeof(head), sizeof(uint32_t)) != sizeof(uint32_t))
		return;
	t->payload_len += ft_payload_put(to, &head);
}

void ft_links_of_call(struct ft_session *s, struct ft_task *t, const struct ft_event *call,
	const struct ft_capture_op *op)
{
	uint64_t argument = call->args[op->from];

	switch (op->count) {
	case FT_LINKS_RESULT:
		add(s, t, (int)call->ret);
		break;
	case FT_LINKS_ARGUMENT:
		add(s, t, (int)argument);
		break;
	case FT_LINKS_PAIR:
		add_pair(s, t, argument);
		break;
	case FT_LINKS_MESSAGES:
		add_messages(s, t, call, argument);
		break;
	case FT_LINKS_CWD:
		add(s, t, (int)FT_LINK_CWD);
		break;
	case FT_LINKS_ALL:
		t->payload_len += ft_links_of_task(
			s, t, t->payload + t->payload_len, FT_CAPTURE_ROOM - t->payload_len);
		break;
	case FT_LINKS_VCPU:
		add_exit(s, t, (int)argument);
		break;
	}
}
