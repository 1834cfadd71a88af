/* What perf_event_open(2) is to count: struct perf_event_attr. */
#include <linux/perf_event.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define SIZE_AT	       4
#define CONFIG_AT      8
#define PERIOD_AT      16
#define SAMPLE_TYPE_AT 24
#define FORMAT_AT      32
#define BITS_AT	       40
#define FREQ	       10 /* the bits by their numbers */
#define WATERMARK      14
#define PRECISE_IP     15
#define USE_CLOCKID    25
#define RESERVED       38

/* As linux/perf_event.h has them, from the lowest on; two bits are a number. */
static const char *const bits[RESERVED] = { "disabled", "inherit", "pinned", "exclusive",
	"exclude_user", "exclude_kernel", "exclude_hv", "exclude_idle", "mmap", "comm", "freq",
	"inherit_stat", "enable_on_exec", "task", "watermark", "precise_ip", NULL, "mmap_data",
	"sample_id_all", "exclude_host", "exclude_guest", "exclude_callchain_kernel",
	"exclude_callchain_user", "mmap2", "comm_exec", "use_clockid", "context_switch",
	"write_backward", "namespaces", "ksymbol", "bpf_event", "aux_output", "cgroup", "text_poke",
	"build_id", "inherit_thread", "remove_on_exec", "sigtrap" };

static void show_config(struct ft_walk *walk, uint32_t type, uint64_t config)
{
	char buffer[256];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	switch (type) {
	case PERF_TYPE_HARDWARE:
	case PERF_TYPE_HW_CACHE:
		if (config >> 32) { /* which kind of processors */
			ft_put_hex(&text, config >> 32);
			ft_puts(&text, "<<32|");
		}
		if (type == PERF_TYPE_HARDWARE) {
			ft_put_set(&text, &ft_sets[FT_SET_PERF_HARDWARE], (uint32_t)config);
			break;
		}
		ft_put_set(&text, &ft_sets[FT_SET_PERF_CACHE_RESULT], (uint32_t)config >> 16);
		ft_puts(&text, "<<16|");
		ft_put_set(&text, &ft_sets[FT_SET_PERF_CACHE_OP], config >> 8 & 0xff);
		ft_puts(&text, "<<8|");
		ft_put_set(&text, &ft_sets[FT_SET_PERF_CACHE], config & 0xff);
		break;
	case PERF_TYPE_SOFTWARE:
		ft_set_shown(walk, FT_SET_PERF_SOFTWARE, config);
		return;
	case PERF_TYPE_TRACEPOINT:
		ft_integer(walk, config, FT_UNSIGNED);
		return;
	default:
		ft_integer(walk, config, FT_HEX);
		return;
	}
	walk->sink->ops->named(walk->sink, config, FT_HEX, buffer, (size_t)(text.at - buffer));
}

static void show_bits(struct ft_walk *walk, uint64_t value)
{
	static const char *const skids[] = { "arbitrary skid", "constant skid",
		"requested to have 0 skid", "must have 0 skid" };

	for (unsigned i = 0; i < RESERVED; i++) {
		unsigned precise = value >> PRECISE_IP & 3;

		if (!bits[i])
			continue;
		if (i != PRECISE_IP && !(value >> i & 1) && !walk->is_whole)
			continue;
		ft_next(walk, bits[i]);
		ft_integer(walk, i == PRECISE_IP ? precise : value >> i & 1, FT_UNSIGNED);
		if (i == PRECISE_IP)
			walk->sink->ops->comment(walk->sink, skids[precise]);
	}
	if (value >> RESERVED) {
		ft_next(walk, "__reserved_1");
		ft_integer(walk, value >> RESERVED, FT_HEX);
		walk->sink->ops->comment(walk->sink, "Bits 63..38");
	}
}

/* What is left out where structures are cut; each field only of callers that know it. */
static void show_rest(
	struct ft_walk *walk, const uint8_t *data, size_t size, uint32_t type, uint64_t flags)
{
	uint64_t samples = ft_load(data + SAMPLE_TYPE_AT, 8);
	bool is_breakpoint = type == PERF_TYPE_BREAKPOINT;
	const struct {
		const char *name;
		uint8_t at, size;
		enum ft_shown_as shown;
		int set; /* or -1 */
		bool is_asked;
	} fields[] = {
		{ flags >> WATERMARK & 1 ? "wakeup_watermark" : "wakeup_events", 48, 4, FT_UNSIGNED,
			-1, true },
		{ "bp_type", 52, 4, FT_HEX, FT_SET_PERF_BREAKPOINT, is_breakpoint },
		{ is_breakpoint ? "bp_addr" : "config1", 56, 8, FT_HEX, -1, true },
		{ is_breakpoint ? "bp_len" : "config2", 64, 8, is_breakpoint ? FT_UNSIGNED : FT_HEX,
			-1, true },
		{ "branch_sample_type", 72, 8, FT_HEX, FT_SET_PERF_BRANCH_SAMPLE,
			samples & PERF_SAMPLE_BRANCH_STACK },
		{ "sample_regs_user", 80, 8, FT_HEX, -1, true },
		{ "sample_stack_user", 88, 4, FT_HEX, -1, samples & PERF_SAMPLE_STACK_USER },
		{ "clockid", 92, 4, FT_SIGNED, FT_SET_CLOCK, flags >> USE_CLOCKID & 1 },
		{ "sample_regs_intr", 96, 8, FT_HEX, -1, true },
		{ "aux_watermark", 104, 4, FT_UNSIGNED, -1, true },
		{ "sample_max_stack", 108, 2, FT_UNSIGNED, -1, true },
		{ "aux_sample_size", 112, 4, FT_UNSIGNED, -1, true },
		{ "sig_data", 120, 8, FT_HEX, -1, true },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t value;

		if (!fields[i].is_asked || fields[i].at + fields[i].size > size)
			continue;
		value = ft_load(data + fields[i].at, fields[i].size);
		ft_next(walk, fields[i].name);
		if (fields[i].set >= 0)
			ft_set_shown(walk, (unsigned)fields[i].set, value);
		else
			ft_integer(walk, value, fields[i].shown);
	}
}

bool ft_read_perf_attr(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	uint64_t size, flags;

	if (memory->length < PERF_ATTR_SIZE_VER0)
		return false;
	size = ft_load(data + SIZE_AT, 4);
	if (size && size < PERF_ATTR_SIZE_VER0)
		return false;
	flags = ft_load(data + BITS_AT, 8);
	ft_open(walk, "{");
	ft_next(walk, "type");
	ft_set_shown(walk, FT_SET_PERF_TYPE, ft_load(data, 4));
	ft_next(walk, "size");
	ft_set_shown(walk, FT_SET_PERF_ATTR_SIZE, size);
	ft_next(walk, "config");
	show_config(walk, (uint32_t)ft_load(data, 4), ft_load(data + CONFIG_AT, 8));
	ft_next(walk, flags >> FREQ & 1 ? "sample_freq" : "sample_period");
	ft_integer(walk, ft_load(data + PERIOD_AT, 8), FT_UNSIGNED);
	ft_next(walk, "sample_type");
	ft_set_shown(walk, FT_SET_PERF_SAMPLE_TYPE, ft_load(data + SAMPLE_TYPE_AT, 8));
	ft_next(walk, "read_format");
	ft_set_shown(walk, FT_SET_PERF_READ_FORMAT, ft_load(data + FORMAT_AT, 8));
	show_bits(walk, flags);
	if (walk->is_whole) {
		size = size ? size : PERF_ATTR_SIZE_VER0;
		show_rest(walk, data, size < memory->length ? (size_t)size : memory->length,
			(uint32_t)ft_load(data, 4), flags);
	} else {
		ft_more(walk);
	}
	ft_close(walk, "}");
	return true;
}
