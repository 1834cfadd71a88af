/*
 * role: named
 * arch: x86_64
 *
 * What ioctl(2) asks of the device mapper and of hardware clocks, asked of what is none: lists that are as they should
 * be, that go nowhere, that end early.
 */
#include "tells.h"
#include <linux/dm-ioctl.h>
#include <linux/ptp_clock.h>
#include <sys/ioctl.h>

static struct {
	struct dm_ioctl head;
	char data[600];
} m;

static void start(unsigned minor, uint32_t flags, uint32_t data_start)
{
	memset(&m, 0, sizeof(m));
	m.head = (struct dm_ioctl){ .version = { 4, minor, 3 },
		.data_size = sizeof(m.head),
		.data_start = data_start,
		.target_count = 2,
		.open_count = -1,
		.flags = flags,
		.event_nr = 7,
		.dev = 0x801,
		.name = "a name",
		.uuid = "a-uuid" };
}

static void put(const void *data, size_t size)
{
	memcpy((char *)&m + m.head.data_size, data, size);
	m.head.data_size += (uint32_t)size;
}

static void target(uint32_t next, const char *type, const char *text, size_t size)
{
	struct dm_target_spec spec = { 1, 2, -3, next, "" };

	memcpy(spec.target_type, type, strnlen(type, sizeof(spec.target_type)));
	put(&spec, sizeof(spec));
	put(text, size);
}

/* Whole, at the end of memory, and with too little of it. */
static void ask(unsigned long command)
{
	ioctl(-1, command, &m);
	ioctl(-1, command, at_the_end(&m, m.head.data_size));
	ioctl(-1, command, at_the_end(&m, m.head.data_size - 8));
	m.head.data_size -= 5;
	ioctl(-1, command, &m);
}

static void heads(void)
{
	static const unsigned long commands[] = { DM_VERSION, DM_REMOVE_ALL, DM_LIST_DEVICES,
		DM_DEV_CREATE, DM_DEV_REMOVE, DM_DEV_RENAME, DM_DEV_SUSPEND, DM_DEV_STATUS,
		DM_DEV_WAIT, DM_TABLE_LOAD, DM_TABLE_CLEAR, DM_TABLE_DEPS, DM_TABLE_STATUS,
		DM_LIST_VERSIONS, DM_TARGET_MSG, DM_DEV_SET_GEOMETRY, DM_DEV_ARM_POLL };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		start(0, i & 1 ? DM_SUSPEND_FLAG | 0x80 : DM_READONLY_FLAG, 4000);
		ioctl(-1, commands[i], &m);
		m.head.data_start = 0;
		m.head.flags = ~m.head.flags;
		memset(m.head.name, 'n', sizeof(m.head.name));
		memset(m.head.uuid, 'u', sizeof(m.head.uuid));
		ioctl(-1, commands[i], &m);
		m.head.dev = 0;
		m.head.data_size = 304;
		ioctl(-1, commands[i], &m);
		m.head.data_size = 0;
		ioctl(-1, commands[i], &m);
		m.head.version[0] = 3;
		m.head.data_size = 312;
		ioctl(-1, commands[i], at_the_end(&m, 305));
		ioctl(-1, commands[i], at_the_end(&m, 304));
		ioctl(-1, commands[i], WRONG);
		ioctl(-1, commands[i], NULL);
	}
}

static void ask_with(unsigned minor, const void *data, size_t size, unsigned long command)
{
	start(minor, 0, sizeof(m.head));
	put(data, size);
	ask(command);
}

static void lists(void)
{
	static const struct {
		uint64_t dev;
		uint32_t next;
		char name[12];
		uint32_t event, flags;
		char uuid[8];
	} names[] = { { 0x801, 40, "first", 77, 1, "u" }, { 0x802, 0, "second", 78, 2, "" } },
	  lost = { 0x803, 8, "third", 0, 0, "" };
	static const struct {
		uint32_t next, version[3];
		char name[8];
	} versions[] = { { 24, { 1, 2, 3 }, "linear" }, { 0, { 4, 5, 6 }, "striped" } },
	  far = { 0xfffffff0, { 1, 2, 3 }, "x" };
	static const uint64_t devices[] = { 3, 0x801, 0x802, 0x803 }, many[] = { 0x7fffffff, 1 };

	ask_with(36, names, sizeof(names), DM_LIST_DEVICES);
	ask_with(45, names, sizeof(names), DM_LIST_DEVICES);
	ask_with(45, &lost, sizeof(lost), DM_LIST_DEVICES);
	ask_with(0, versions, sizeof(versions), DM_LIST_VERSIONS);
	ask_with(0, &far, sizeof(far), DM_LIST_VERSIONS);
	ask_with(0, devices, sizeof(devices), DM_TABLE_DEPS);
	ask_with(0, many, sizeof(many), DM_TABLE_DEPS);
	start(0, 0, 0xfffffff0);
	put(many, sizeof(many));
	m.head.data_size = 0xffffffff;
	ioctl(-1, DM_LIST_VERSIONS, &m);
}

static void tables(void)
{
	static const unsigned long commands[] = { DM_TABLE_LOAD, DM_TABLE_STATUS, DM_DEV_WAIT };

	for (size_t i = 0; i < 3; i++) {
		start(0, 0, sizeof(m.head));
		target(56, "linear", "/dev/sda 0\0.....", 16);
		target(0, "a target of a long name", "no end", 6);
		ask(commands[i]);
		start(0, 0, sizeof(m.head));
		m.head.target_count = 0xffffffff;
		target(0xfffffff0, "error", "", 1);
		ask(commands[i]);
		start(0, 0, sizeof(m.head));
		target(0, "error", "", 1);
		ask(commands[i]);
	}
}

static void texts(void)
{
	static const unsigned long commands[] = { DM_DEV_RENAME, DM_DEV_SET_GEOMETRY };
	static const char message[] =
		"\1\0\0\0\0\0\0\0what is said to a target, and more than 32 bytes";

	for (size_t i = 0; i < 2; i++) {
		start(0, 0, 0);
		m.head.data_start = m.head.data_size;
		put("another name", 13);
		ask(commands[i]);
		m.head.data_start = m.head.data_size + 1;
		ioctl(-1, commands[i], &m);
	}
	ask_with(0, message, sizeof(message), DM_TARGET_MSG);
	m.head.data_start = m.head.data_size - 7;
	ioctl(-1, DM_TARGET_MSG, &m);
}

/* All but the newest fields are 0. */
static void clocks(void)
{
	struct ptp_clock_caps caps = { 1, -2, 3, 4, 5, 6, 7, 8, { 0 } };
	struct ptp_extts_request stamps = { 1, PTP_ENABLE_FEATURE | PTP_RISING_EDGE | 0x80, { 0 } };
	struct ptp_perout_request out = { .start = { 1700000000, 5, 0 },
		.period = { 1, 0, 9 },
		.index = 2,
		.flags = PTP_PEROUT_ONE_SHOT,
		.rsv = { 1, 0, 2, 0 } };
	struct ptp_sys_offset offset = { .n_samples = 1, .ts = { { 1700000000, 1, 0 } } };
	struct ptp_sys_offset_extended longer = { .n_samples = 2, .ts = { { { 1, 2, 3 } } } };
	struct ptp_sys_offset_precise precise = { { 1, 1, 0 }, { -1, 2000000000, 0 }, { 2, 3, 4 },
		{ 0, 0, 5, 0 } };
	struct ptp_pin_desc pin = { "pin", 1, PTP_PF_PHYSYNC + 1, 3, { 0, 1, 0, 0, 0 } };
	const struct {
		unsigned long command, second;
		void *argument;
		size_t size;
	} asked[] = { { PTP_CLOCK_GETCAPS, PTP_CLOCK_GETCAPS2, &caps, sizeof(caps) },
		{ PTP_EXTTS_REQUEST, PTP_EXTTS_REQUEST2, &stamps, sizeof(stamps) },
		{ PTP_PEROUT_REQUEST, PTP_PEROUT_REQUEST2, &out, sizeof(out) },
		{ PTP_ENABLE_PPS, PTP_ENABLE_PPS2, &pin, 4 },
		{ PTP_SYS_OFFSET, PTP_SYS_OFFSET2, &offset, sizeof(offset) },
		{ PTP_PIN_GETFUNC, PTP_PIN_GETFUNC2, &pin, sizeof(pin) },
		{ PTP_PIN_SETFUNC, PTP_PIN_SETFUNC2, &pin, sizeof(pin) },
		{ PTP_SYS_OFFSET_PRECISE, PTP_SYS_OFFSET_PRECISE2, &precise, sizeof(precise) },
		{ PTP_SYS_OFFSET_EXTENDED, PTP_SYS_OFFSET_EXTENDED2, &longer, sizeof(longer) } };

	for (size_t round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
			ioctl(-1, asked[i].command, asked[i].argument);
			ioctl(-1, asked[i].second, at_the_end(asked[i].argument, asked[i].size));
			ioctl(-1, asked[i].second,
				at_the_end(asked[i].argument, asked[i].size - 1));
			ioctl(-1, asked[i].command, WRONG);
			ioctl(-1, asked[i].command, NULL);
		}
		offset.n_samples = longer.n_samples = round ? 0xffffffff : 0;
		out.flags = round ? PTP_PEROUT_PHASE | 0x80 : PTP_PEROUT_DUTY_CYCLE;
		memset(pin.name, 'p', sizeof(pin.name));
		longer.rsv[1] = 5;
	}
}

int main(void)
{
	heads();
	lists();
	tables();
	texts();
	clocks();
	return 0;
}
