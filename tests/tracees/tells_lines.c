/*
 * role: named
 *
 * What ioctl(2) asks of GPIO lines, flash volumes, infrared receivers and trusted environments, asked of what is none.
 */
#include "tells.h"
#include <linux/gpio.h>
#include <linux/lirc.h>
#include <linux/tee.h>
#include <mtd/ubi-user.h>
#include <sys/ioctl.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union {
	struct gpio_v2_line_info line;
	struct gpio_v2_line_request request;
	struct gpio_v2_line_config config;
	struct gpiohandle_request handle;
	struct ubi_mkvol_req volume;
	struct ubi_rnvol_req names;
	uint32_t words[1100];
} m;

static void ask(unsigned long command)
{
	size_t size = _IOC_SIZE(command);

	ioctl(-1, command, at_the_end(&m, size > PAGE ? PAGE : size));
	ioctl(-1, command, at_the_end(&m, size > PAGE ? PAGE : size - 1));
	ioctl(-1, command, WRONG);
	ioctl(-1, command, NULL);
}

static void all(void)
{
	static const unsigned long commands[] = { GPIO_GET_CHIPINFO_IOCTL,
		GPIO_GET_LINEINFO_UNWATCH_IOCTL, GPIO_V2_GET_LINEINFO_IOCTL,
		GPIO_V2_GET_LINEINFO_WATCH_IOCTL, GPIO_V2_GET_LINE_IOCTL,
		GPIO_V2_LINE_SET_CONFIG_IOCTL, GPIO_V2_LINE_GET_VALUES_IOCTL,
		GPIO_V2_LINE_SET_VALUES_IOCTL, GPIO_GET_LINEINFO_IOCTL,
		GPIO_GET_LINEINFO_WATCH_IOCTL, GPIO_GET_LINEHANDLE_IOCTL, GPIO_GET_LINEEVENT_IOCTL,
		GPIOHANDLE_GET_LINE_VALUES_IOCTL, GPIOHANDLE_SET_LINE_VALUES_IOCTL,
		GPIOHANDLE_SET_CONFIG_IOCTL, UBI_IOCMKVOL, UBI_IOCRMVOL, UBI_IOCRSVOL, UBI_IOCRPEB,
		UBI_IOCSPEB, UBI_IOCATT, UBI_IOCDET, UBI_IOCVOLUP, UBI_IOCEBER, UBI_IOCEBCH,
		UBI_IOCEBMAP, UBI_IOCEBUNMAP, UBI_IOCEBISMAP, UBI_IOCSETVOLPROP, LIRC_GET_FEATURES,
		LIRC_GET_SEND_MODE, LIRC_GET_REC_MODE, LIRC_SET_SEND_MODE, LIRC_SET_REC_MODE,
		LIRC_GET_REC_RESOLUTION, LIRC_GET_MIN_TIMEOUT, LIRC_GET_MAX_TIMEOUT,
		LIRC_SET_SEND_CARRIER, LIRC_SET_REC_CARRIER, LIRC_SET_SEND_DUTY_CYCLE,
		LIRC_SET_TRANSMITTER_MASK, LIRC_SET_REC_TIMEOUT, LIRC_SET_REC_TIMEOUT_REPORTS,
		LIRC_SET_MEASURE_CARRIER_MODE, LIRC_SET_REC_CARRIER_RANGE,
		LIRC_SET_WIDEBAND_RECEIVER, LIRC_GET_REC_TIMEOUT, TEE_IOC_VERSION,
		TEE_IOC_SHM_ALLOC, TEE_IOC_SHM_REGISTER, TEE_IOC_CANCEL, TEE_IOC_CLOSE_SESSION };

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < COUNT(m.words); i++)
			m.words[i] = round == 0	  ? 0
				     : round == 1 ? 2
				     : round == 2 ? 1 + i % 3
				     : round == 3 ? 0xffffffef
						  : 0x80 + i;
		for (size_t i = 0; i < COUNT(commands); i++)
			ask(commands[i]);
	}
}

static void attributes(void)
{
	for (uint32_t i = 0; i < 6; i++) {
		memset(&m, 0, sizeof(m));
		m.line.num_attrs = i;
		for (uint32_t n = 0; n < 5; n++)
			m.line.attrs[n] = (struct gpio_v2_line_attribute){ n, i == 5 ? n & 1 : 0,
				{ 0x123456789abc + n } };
		ioctl(-1, GPIO_V2_GET_LINEINFO_IOCTL, &m);
		memset(&m, 0, sizeof(m));
		m.config.num_attrs = 3 * i;
		for (uint32_t n = 0; n < 5; n++) {
			m.config.attrs[n].attr.id = n;
			m.config.attrs[n].attr.padding = i == 5 ? n & 1 : 0;
			m.config.attrs[n].attr.flags = 1u << n;
			m.config.attrs[n].mask = n;
		}
		ioctl(-1, GPIO_V2_LINE_SET_CONFIG_IOCTL, &m);
		memset(&m, 0, sizeof(m));
		m.request.num_lines = 16 * i;
		m.request.event_buffer_size = i;
		ioctl(-1, GPIO_V2_GET_LINE_IOCTL, &m);
		memset(&m, 0, sizeof(m));
		m.handle.lines = 16 * i;
		memset(m.handle.consumer_label, 'c', 27 + i);
		ioctl(-1, GPIO_GET_LINEHANDLE_IOCTL, &m);
	}
}

static void names(void)
{
	static const int lengths[] = { -1, 0, 1, 5, 8, 9, 126, 127, 128, 0x7fff };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		memset(&m, 0, sizeof(m));
		m.volume = (struct ubi_mkvol_req){ .vol_id = -1,
			.bytes = -5,
			.vol_type = UBI_DYNAMIC_VOLUME + (int)i % 3,
			.name_len = (int16_t)lengths[i] };
		memset(m.volume.name, 'v', i & 1 ? 8 : 128);
		ioctl(-1, UBI_IOCMKVOL, &m);
		memset(&m, 0, sizeof(m));
		m.names.count = (int)i - 1;
		for (size_t n = 0; n < 9; n++) {
			m.names.ents[n].name_len = (int16_t)lengths[(i + n) % 10];
			strcpy(m.names.ents[n].name, "new name");
		}
		ioctl(-1, UBI_IOCRNVOL, &m);
	}
	ioctl(-1, UBI_IOCRNVOL, WRONG);
	ioctl(-1, UBI_IOCRNVOL, NULL);
}

int main(void)
{
	all();
	attributes();
	names();
	return 0;
}
