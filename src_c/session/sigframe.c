#define _GNU_SOURCE
#include "session/sigframe.h"

#include <string.h>

#include "kernel/reader.h"
#include "session/capture.h"

struct piece {
	uint32_t offset, size; /* from the stack pointer at the call */
};

/*
 * Where the mask lies (arch/.../include/uapi/asm/ucontext.h, sigcontext.h; i386: arch/x86/include/asm/sigframe.h). By
 * the call the return address has been popped, and by i386's sigreturn the signal's number with it. Its frame has no
 * ucontext: half of the mask is in the sigcontext, the other half behind the floating point state.
 */
static const struct piece rt_frames[FT_ABI_COUNT] = {
	[FT_ABI_X86_64] = { 296, 8 },
	[FT_ABI_I386] = { 248, 8 },
	[FT_ABI_AARCH64] = { 168, 8 },
	[FT_ABI_RISCV64] = { 168, 8 },
};
static const struct piece i386_frame[2] = { { 80, 4 }, { 712, 4 } };

/* Returns how many pieces there are. */
static int pieces_of(enum ft_abi abi, bool is_rt, const struct piece **pieces)
{
	*pieces = is_rt ? &rt_frames[abi] : i386_frame;
	return is_rt ? 1 : 2;
}

static bool is_wanted(const struct ft_session *s)
{
	return s->options & FT_OPT_PAYLOAD && s->ring;
}

static void add(struct ft_task *t, const uint8_t *items, size_t size)
{
	if (!t->payload_len) {
		ft_capture_set(t, items, size);
	} else if (size <= FT_CAPTURE_ROOM - t->payload_len) {
		memcpy(t->payload + t->payload_len, items, size);
		t->payload_len += size;
		ft_payload_chain(t->payload, t->payload_len);
	}
}

size_t ft_sigframe_items(const struct ft_session *s, enum ft_abi abi, bool is_rt, uint64_t stack,
	const uint64_t *mask, uint8_t *items)
{
	const struct piece *pieces;
	size_t at = 0, taken = 0;
	int n;

	if (!is_wanted(s))
		return 0;
	n = pieces_of(abi, is_rt, &pieces);
	for (int i = 0; i < n; i++) {
		const struct ft_payload head = {
			.length = mask ? pieces[i].size : 0,
			.type = FT_PAYLOAD_BYTES,
			.flags = mask ? 0 : FT_PAYLOAD_FAULT,
			.address = stack + pieces[i].offset,
		};

		if (mask)
			memcpy(items + at + sizeof(head), (const uint8_t *)mask + taken,
				pieces[i].size);
		taken += pieces[i].size;
		at += ft_payload_put(items + at, &head);
	}
	ft_payload_chain(items, at);
	return at;
}

void ft_sigframe_add(struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt,
	uint64_t stack, const uint64_t *mask)
{
	_Alignas(struct ft_payload) uint8_t items[FT_SIGFRAME_SPACE];
	size_t size = ft_sigframe_items(s, abi, is_rt, stack, mask, items);

	if (size)
		add(t, items, size);
}

void ft_sigframe_capture(
	struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt, uint64_t stack)
{
	const struct piece *pieces;
	uint64_t mask = 0;
	size_t taken = 0;
	bool whole = true;
	int n;

	if (!is_wanted(s))
		return;
	n = pieces_of(abi, is_rt, &pieces);
	for (int i = 0; i < n && whole; i++) {
		whole = !t->unreadable &&
			ft_reader_read(s->reader, t->tid, -1, stack + pieces[i].offset,
				(uint8_t *)&mask + taken,
				pieces[i].size) == (ssize_t)pieces[i].size;
		taken += pieces[i].size;
	}
	ft_sigframe_add(s, t, abi, is_rt, stack, whole ? &mask : NULL);
}
