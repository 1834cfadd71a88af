/* struct siginfo, include/uapi/asm-generic/siginfo.h: which part of its union holds follows from signal and code. */
#define _GNU_SOURCE
#include "decode/siginfo.h"

#include <signal.h>

#include "decode/families.h"
#include "decode/signal_codes.h"
#include "decode/signals.h"

/* include/uapi/linux/audit.h: the ELF machine, with bits for 64 and little-endian. */
#define ARCH_I386    0x40000003u
#define ARCH_X86_64  0xc000003eu
#define ARCH_AARCH64 0xc00000b7u
#define ARCH_RISCV64 0xc00000f3u

static const struct {
	uint32_t arch;
	uint8_t abi;
	const char *name;
} archs[] = {
	{ ARCH_I386, FT_ABI_I386, "AUDIT_ARCH_I386" },
	{ ARCH_X86_64, FT_ABI_X86_64, "AUDIT_ARCH_X86_64" },
	{ ARCH_AARCH64, FT_ABI_AARCH64, "AUDIT_ARCH_AARCH64" },
	{ ARCH_RISCV64, FT_ABI_RISCV64, "AUDIT_ARCH_RISCV64" },
};

static void show(struct ft_walk *walk, const char *name, uint64_t value, enum ft_shown_as shown)
{
	ft_next(walk, name);
	ft_integer(walk, value, shown);
}

static void show_int(struct ft_walk *walk, const char *name, const uint8_t *at)
{
	show(walk, name, (uint64_t)(int32_t)ft_load(at, 4), FT_SIGNED);
}

static void show_pointer(struct ft_walk *walk, const char *name, const uint8_t *at)
{
	ft_next(walk, name);
	ft_pointer_shown(walk, ft_load(at, walk->word));
}

static void show_sender(struct ft_walk *walk, const uint8_t *rest)
{
	ft_next(walk, "si_pid");
	ft_show_pid(walk, ft_load(rest, 4));
	ft_next(walk, "si_uid");
	ft_show_id(walk, ft_load(rest + 4, 4));
}

static void show_value(struct ft_walk *walk, const uint8_t *value)
{
	show_int(walk, "si_int", value);
	show_pointer(walk, "si_ptr", value);
}

static void show_band(struct ft_walk *walk, const uint8_t *rest)
{
	uint64_t band = ft_load(rest, walk->word);

	show(walk, "si_band", walk->word == 4 ? (uint64_t)(int32_t)band : band, FT_SIGNED);
	show_int(walk, "si_fd", rest + walk->word);
}

static void show_child(struct ft_walk *walk, int32_t code, const uint8_t *rest)
{
	/* Behind three ints; aligned as a long is. */
	const uint8_t *times = rest + (walk->word == 4 ? 12 : 16);

	show_sender(walk, rest);
	if (code == CLD_EXITED) {
		show_int(walk, "si_status", rest + 8);
	} else {
		ft_next(walk, "si_status");
		ft_show_signal(walk, ft_load(rest + 8, 4));
	}
	ft_next(walk, "si_utime");
	ft_show_ticks(walk, ft_load(times, walk->word));
	ft_next(walk, "si_stime");
	ft_show_ticks(walk, ft_load(times + walk->word, walk->word));
}

static void show_fault(struct ft_walk *walk, int32_t signo, int32_t code, const uint8_t *rest)
{
	show_pointer(walk, "si_addr", rest);
	if (signo == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO)) {
		show(walk, "si_addr_lsb", ft_load(rest + walk->word, 2), FT_HEX);
	} else if (signo == SIGSEGV && code == SEGV_BNDERR) {
		show_pointer(walk, "si_lower", rest + (size_t)2 * walk->word);
		show_pointer(walk, "si_upper", rest + (size_t)3 * walk->word);
	} else if (signo == SIGSEGV && code == SEGV_PKUERR) {
		show(walk, "si_pkey", ft_load(rest + (size_t)2 * walk->word, 4), FT_UNSIGNED);
	}
}

static void show_refused_call(struct ft_walk *walk, const uint8_t *rest)
{
	uint32_t arch = (uint32_t)ft_load(rest + walk->word + 4, 4);
	struct ft_event call = { .nr = (int32_t)ft_load(rest + walk->word, 4) };
	const struct ft_view view = { .event = &call };
	const char *name = NULL;
	struct ft_walk of_call;
	struct ft_text text;
	char buffer[64];

	show_pointer(walk, "si_call_addr", rest);
	for (unsigned i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		if (archs[i].arch != arch)
			continue;
		name = archs[i].name;
		call.abi = archs[i].abi;
	}
	ft_next(walk, "si_syscall");
	if (name && !ft_walk_start(&of_call, &view, walk->sink)) {
		ft_text_start(&text, buffer, sizeof(buffer));
		ft_puts(&text, "__NR_");
		ft_put(&text, of_call.shape->name, of_call.shape->length);
		walk->sink->ops->named(walk->sink, (uint32_t)call.nr, FT_AS_TEXT, buffer,
			(size_t)(text.at - buffer));
	} else {
		ft_integer(walk, (uint64_t)(int64_t)call.nr, FT_SIGNED);
	}
	ft_next(walk, "si_arch");
	if (name) {
		ft_named(walk, arch, FT_AS_TEXT, name);
	} else {
		ft_integer(walk, arch, FT_HEX);
		walk->sink->ops->comment(walk->sink, "AUDIT_ARCH_???");
	}
}

/* From a process, or by a queue, a timer, a descriptor that somebody has asked for it. */
static void show_sent(struct ft_walk *walk, int32_t code, const uint8_t *rest)
{
	switch (code) {
	case SI_USER:
	case SI_TKILL:
		show_sender(walk, rest);
		break;
	case SI_TIMER:
		show(walk, "si_timerid", ft_load(rest, 4), FT_HEX);
		show_int(walk, "si_overrun", rest + 4);
		show_value(walk, rest + 8);
		break;
	case SI_SIGIO:
		show_band(walk, rest);
		break;
	default:
		show_sender(walk, rest);
		if (ft_load(rest + 8, walk->word))
			show_value(walk, rest + 8);
		break;
	}
}

static void show_rest(struct ft_walk *walk, int32_t signo, int32_t code, const uint8_t *rest)
{
	if (code <= 0) {
		show_sent(walk, code, rest);
		return;
	}
	switch (signo) {
	case SIGCHLD:
		show_child(walk, code, rest);
		break;
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		show_fault(walk, signo, code, rest);
		break;
	case SIGIO:
		if (code <= POLL_HUP)
			show_band(walk, rest);
		break;
	case SIGSYS:
		show_refused_call(walk, rest);
		break;
	default:
		if (ft_load(rest, 8))
			show_sender(walk, rest);
		if (ft_load(rest + 8, walk->word))
			show_value(walk, rest + 8);
		break;
	}
}

static void show_code(struct ft_walk *walk, int32_t signo, int32_t code)
{
	char buffer[32];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	ft_put_signal_code(&text, (uint32_t)signo, code);
	walk->sink->ops->named(walk->sink, (uint64_t)(int64_t)code, FT_HEX_INT, buffer,
		(size_t)(text.at - buffer));
}

void ft_siginfo_shown(struct ft_walk *walk, const uint8_t *data)
{
	int32_t signo = (int32_t)ft_load(data, 4), code = (int32_t)ft_load(data + 8, 4);
	uint32_t error = (uint32_t)ft_load(data + 4, 4);

	ft_open(walk, "{");
	ft_next(walk, "si_signo");
	ft_show_signal(walk, (uint64_t)(int64_t)signo);
	ft_next(walk, "si_code");
	show_code(walk, signo, code);
	if (error) {
		ft_next(walk, "si_errno");
		if (ft_member_of(&ft_sets[FT_SET_ERRNO], error))
			ft_set_shown(walk, FT_SET_ERRNO, error);
		else
			ft_integer(walk, error, FT_UNSIGNED);
	}
	/* The union has pointers in it, so it begins at a multiple of their size. */
	show_rest(walk, signo, code, data + (walk->word == 4 ? 12 : 16));
	ft_close(walk, "}");
}

bool ft_read_siginfo(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < FT_SIGINFO_SIZE)
		return false;
	/* waitid(2) that found nothing leaves zeros. */
	if (ft_load(memory->data, 4)) {
		ft_siginfo_shown(walk, memory->data);
	} else {
		ft_open(walk, "{");
		ft_close(walk, "}");
	}
	return true;
}
