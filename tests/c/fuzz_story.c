/* Any events in any order: lines that are printable, of bounded length, and an end in good time. */
#include "fuzz.h"

#include <string.h>

#include "decode/story.h"

#define SIZE	(1 << 17)
#define EVENTS	32
#define PAYLOAD 512

/* Such a path is in the payload now and then. */
static const char paths[] = "/\0\1";
static const int32_t fds[] = { 0, 3 };

static void check_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		REQUIRE(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
}

static int32_t any_number(uint64_t space, int32_t number, enum ft_number_of of)
{
	return (int32_t)(space + (uint32_t)number + of) & 7;
}

/* Others than those that events tell of have any name, or none. */
static size_t any_name(int32_t tid, uint8_t *name)
{
	memset(name, tid, FT_TASK_NAME_MAX);
	return (size_t)(uint32_t)tid % (FT_TASK_NAME_MAX + 1);
}

static struct ft_strace_style any_style(struct input *in)
{
	static const uint8_t digits[] = { 0, 3, 6, 9 };
	static uint8_t forms[FT_NR_MAX], descriptors[2] = { 0, 1 };
	uint32_t how = (uint32_t)take(in, 3), form = (uint32_t)take(in, 1);
	uint8_t files = (uint8_t)take(in, 1);

	memset(forms, form >> 4 & 7, sizeof(forms));
	return (struct ft_strace_style){
		.signals = how & 1 ? UINT64_MAX : 0,
		.realtime_ns = how & 2 ? INT64_MAX : 0,
		.column = 40,
		.string_max = how & 4 ? UINT32_MAX : 32,
		.who = how >> 3 & 3,
		.clock = how >> 5 & 3,
		.clock_digits = digits[how >> 7 & 3],
		.relative = how >> 9 & 1,
		.relative_digits = digits[how >> 10 & 3],
		.took = how >> 12 & 1,
		.took_digits = digits[how >> 13 & 3],
		.numbers = how >> 15 & 1,
		.places = how >> 14 & 1,
		.hex = how >> 16 & 3,
		.statuses = how >> 18 & 1 ? FT_STATUS_ALL : how >> 19 & 7,
		.attaches = how >> 20 & 1,
		.exits = how >> 21 & 1,
		.supersedes = how >> 22 & 1,
		.until_exec = how & 8 ? FT_STORY_NEVER : how >> 4 & 3,
		.detaches = how & 2,
		.leaders = (how & 1023) == 7,
		.separately = how >> 23 & 1,
		.modes = how & 1,
		.constants = (form & 3) % 3,
		.forms = { [FT_ABI_X86_64] = form & 4 ? forms : NULL },
		.reads = descriptors,
		.writes = descriptors,
		.reads_count = form >> 3 & 1,
		.writes_count = form & 8 ? 2 : 0,
		.tasks_told = files & 64 ? 1 + (how >> 5) % 3 : 0,
		.look_up = files & 128 ? any_name : NULL,
		.find_number = files & 128 ? any_number : NULL,
		.first_name = form & 8 ? "a name that is longer" : NULL,
		.told = files & 15,
		.paths = files & 16 ? paths : NULL,
		.paths_length = sizeof(paths),
		.fds = files & 32 ? fds : NULL,
		.fds_count = files & 32 ? 2 : 0,
	};
}

/* Of a few tasks, close to one another; now and then of any time. */
static void any_event(struct input *in, struct ft_event *ev)
{
	uint8_t how = (uint8_t)take(in, 1);

	*ev = (struct ft_event){
		.kind = how & 8 ? FT_KIND_SYSCALL : how & 7,
		.time_ns = how & 16 ? 1000u + take(in, 1) : take(in, 8),
		.duration_ns = how & 32 ? take(in, 1) : 0,
		.tid = 1 + (how >> 6),
		.pid = 1 + (how & 64 ? 0 : how >> 6),
		.nr = (int32_t)take(in, 2) % 480,
		.flags = (uint16_t)take(in, 1),
		.ret = (int64_t)(int8_t)take(in, 1),
		.payload = take(in, 1),
	};
	for (int i = 0; i < 6; i++)
		ev->args[i] = take(in, 1);
}

static void tell(struct ft_story *story, uint64_t sure_ns)
{
	static char buffer[SIZE];
	bool more = true;
	int32_t tid;

	for (int i = 0; more; i++) {
		size_t length = ft_story_tell(story, sure_ns, buffer, SIZE, &more, &tid);

		REQUIRE(length <= SIZE && i < 4 * EVENTS);
		check_text(buffer, length);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct ft_strace_style style = any_style(&in);
	struct ft_story_idle idle[4];
	struct ft_event events[EVENTS];
	struct ft_story *story;
	const struct ft_payload siginfo = {
		.length = FT_SIGINFO_SIZE, .arg = 255, .type = FT_PAYLOAD_SIGINFO
	};
	uint64_t newest;
	uint8_t *payload;

	if (!size)
		return 0;
	payload = malloc(PAYLOAD);
	for (size_t i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)(i % 8 < 4 ? i * data[i % size] : data[i % size] & 7);
	if (style.signals)
		memcpy(payload, &siginfo, sizeof(siginfo));
	REQUIRE(!ft_story_new(&story, &style));
	for (int block = 0; block < 4; block++) {
		size_t count = take(&in, 1) % (EVENTS / 4);

		for (size_t i = 0; i < count; i++)
			any_event(&in, &events[i]);
		REQUIRE(!ft_story_add(story, events, count, payload, PAYLOAD, 0, &newest));
		tell(story, 1000u + take(&in, 1));
		if (!ft_story_idle(story, UINT64_MAX, idle, 4))
			continue;
		any_event(&in, &events[0]);
		events[0].tid = idle[0].tid;
		REQUIRE(!ft_story_suppose(story, &events[0]));
		tell(story, 1000u + take(&in, 1));
	}
	tell(story, UINT64_MAX);
	ft_story_free(story);
	free(payload);
	return 0;
}
