/*
 * role: named
 *
 * What ioctl(2) asks of video devices, asked of what is none: all kinds of formats and controls, lists that go nowhere.
 */
#include "tells.h"
#include <linux/videodev2.h>
#include <sys/ioctl.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union {
	struct v4l2_format format;
	struct v4l2_requestbuffers wanted;
	struct v4l2_buffer buffer;
	struct v4l2_streamparm parameters;
	struct v4l2_create_buffers made;
	struct v4l2_frmsizeenum size;
	struct v4l2_frmivalenum interval;
	struct v4l2_queryctrl control;
	struct v4l2_query_ext_ctrl extended;
	struct v4l2_fmtdesc described;
	uint32_t words[64];
} m;

/* The whole, at the end of memory, with too little of it; and nothing. */
static void ask(unsigned long command)
{
	size_t size = _IOC_SIZE(command);

	ioctl(-1, command, &m);
	ioctl(-1, command, at_the_end(&m, size));
	ioctl(-1, command, at_the_end(&m, size - 1));
	ioctl(-1, command, WRONG);
	ioctl(-1, command, NULL);
}

static void all(void)
{
	static const unsigned long commands[] = { VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT, VIDIOC_G_FMT,
		VIDIOC_S_FMT, VIDIOC_TRY_FMT, VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF,
		VIDIOC_DQBUF, VIDIOC_G_FBUF, VIDIOC_S_FBUF, VIDIOC_STREAMON, VIDIOC_STREAMOFF,
		VIDIOC_G_PARM, VIDIOC_S_PARM, VIDIOC_G_STD, VIDIOC_S_STD, VIDIOC_ENUMSTD,
		VIDIOC_ENUMINPUT, VIDIOC_G_CTRL, VIDIOC_S_CTRL, VIDIOC_G_TUNER, VIDIOC_S_TUNER,
		VIDIOC_QUERYCTRL, VIDIOC_QUERY_EXT_CTRL, VIDIOC_G_INPUT, VIDIOC_S_INPUT,
		VIDIOC_CROPCAP, VIDIOC_G_CROP, VIDIOC_S_CROP, VIDIOC_ENUM_FRAMESIZES,
		VIDIOC_ENUM_FRAMEINTERVALS, VIDIOC_CREATE_BUFS };

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 64; i++)
			m.words[i] = round == 0	  ? 0
				     : round == 1 ? 1 + i % 3
				     : round == 2 ? 0x40404040 + i
						  : 0x80000001 + 16 * i;
		for (size_t i = 0; i < COUNT(commands); i++)
			ask(commands[i]);
	}
}

static void formats(void)
{
	static const unsigned long commands[] = { VIDIOC_G_FMT, VIDIOC_S_FMT, VIDIOC_TRY_FMT };
	static const struct v4l2_clip clips[] = { { { 1, -2, 3, 4 }, NULL },
		{ { 5, 0, 0, 0 }, NULL } };
	static const struct {
		const void *at;
		unsigned count;
	} lists[] = { { clips, 2 }, { clips, 0 }, { NULL, 0 }, { NULL, 2 }, { WRONG, 1 },
		{ WRONG, 0xffffffff } };

	for (unsigned type = 0; type < 18; type++) {
		memset(&m, 0, sizeof(m));
		for (unsigned i = 1; i < 50; i++)
			m.words[i] = i;
		m.format.type = type;
		if (type == V4L2_BUF_TYPE_VIDEO_OVERLAY ||
			type == V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY)
			continue;
		for (size_t i = 0; i < COUNT(commands); i++)
			ioctl(-1, commands[i], &m);
		for (unsigned planes = 7; planes < 11; planes++) {
			m.format.fmt.pix_mp.num_planes = (uint8_t)planes;
			ioctl(-1, VIDIOC_S_FMT, &m);
		}
		m.parameters.type = type;
		ioctl(-1, VIDIOC_G_PARM, &m);
		ioctl(-1, VIDIOC_S_PARM, &m);
		ioctl(-1, VIDIOC_STREAMON, &m);
	}
	for (size_t n = 0; n < COUNT(lists); n++) {
		struct v4l2_window *win = &m.format.fmt.win;

		memset(&m, 0, sizeof(m));
		m.format.type =
			n & 1 ? V4L2_BUF_TYPE_VIDEO_OVERLAY : V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY;
		win->w.left = -5;
		win->field = V4L2_FIELD_INTERLACED_BT;
		win->chromakey = 0xff;
		win->clips = (struct v4l2_clip *)lists[n].at;
		win->clipcount = lists[n].count;
		win->bitmap = n & 1 ? WRONG : NULL;
		win->global_alpha = (uint8_t)n;
		for (size_t i = 0; i < COUNT(commands); i++)
			ioctl(-1, commands[i], &m);
		m.made = (struct v4l2_create_buffers){
			.index = 3, .count = 2, .memory = V4L2_MEMORY_DMABUF, .format = m.format
		};
		ioctl(-1, VIDIOC_CREATE_BUFS, &m);
	}
}

/* Characters of a format's name that are special in C, or no text; formats with names. */
static void names(void)
{
	static const uint32_t known[] = { V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_NV12,
		V4L2_PIX_FMT_H264, V4L2_PIX_FMT_RGB565X, V4L2_PIX_FMT_ARGB555X,
		V4L2_PIX_FMT_SRGGB10P, V4L2_PIX_FMT_Y16_BE, V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_HI240 };

	memset(&m, 0, sizeof(m));
	for (uint32_t c = 0; c < 256; c += 4) {
		m.size.pixel_format = c | (c + 1) << 8 | (c + 2) << 16 | (c + 3) << 24;
		ioctl(-1, VIDIOC_ENUM_FRAMESIZES, &m);
	}
	for (size_t i = 0; i < COUNT(known); i++) {
		m.size.pixel_format = known[i];
		ioctl(-1, VIDIOC_ENUM_FRAMESIZES, &m);
	}
	for (uint32_t type = 0; type < 5; type++) {
		m.size.type = type;
		ioctl(-1, VIDIOC_ENUM_FRAMESIZES, &m);
		memset(&m, 0, sizeof(m));
		m.interval.type = type;
		ioctl(-1, VIDIOC_ENUM_FRAMEINTERVALS, &m);
	}
	memset(&m, 0, sizeof(m));
	m.format.type = V4L2_BUF_TYPE_SDR_CAPTURE;
	m.format.fmt.sdr.pixelformat = V4L2_SDR_FMT_CU16LE;
	ioctl(-1, VIDIOC_G_FMT, &m);
	m.format.type = V4L2_BUF_TYPE_META_OUTPUT;
	m.format.fmt.meta.dataformat = V4L2_META_FMT_UVC;
	ioctl(-1, VIDIOC_G_FMT, &m);
	memset(&m, 0, sizeof(m));
	memset(m.described.description, 'd', sizeof(m.described.description));
	ioctl(-1, VIDIOC_ENUM_FMT, &m);
}

static void buffers(void)
{
	for (unsigned i = 0; i < 32; i++) {
		m.buffer = (struct v4l2_buffer){ .index = i,
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.flags = i == 9 ? 0 : 1u << i | 1, /* this one has another name */
			.timestamp = { -1, 5 },
			.memory = i % 6,
			.m.userptr = 0x1000,
			.length = 77 };
		ioctl(-1, VIDIOC_QUERYBUF, &m);
		ioctl(-1, VIDIOC_QBUF, &m);
		ioctl(-1, VIDIOC_DQBUF, &m);
	}
}

static void controls(void)
{
	static const uint32_t ids[] = { 0, V4L2_CID_BRIGHTNESS, V4L2_CID_AUDIO_MUTE,
		V4L2_CID_MPEG_VIDEO_BITRATE, V4L2_CID_EXPOSURE_ABSOLUTE, V4L2_CID_PIXEL_RATE,
		V4L2_CTRL_CLASS_USER + 0x800, V4L2_CTRL_CLASS_USER + 0x8000,
		V4L2_CTRL_CLASS_JPEG + 0xffff, V4L2_CTRL_CLASS_DV + 0x5678, 0x97ffff, 0xfff0000 };
	struct v4l2_control simple;

	for (size_t i = 0; i < COUNT(ids); i++) {
		memset(&m, 0, sizeof(m));
		simple = (struct v4l2_control){ ids[i], -(int)i };
		ioctl(-1, VIDIOC_G_CTRL, &simple);
		ioctl(-1, VIDIOC_S_CTRL, &simple);
		for (uint32_t next = 0; next < 4; next++) {
			m.control = (struct v4l2_queryctrl){ .id = ids[i] | next << 30,
				.type = (uint32_t)i,
				.name = "a name",
				.minimum = -1,
				.maximum = 5,
				.step = 2,
				.default_value = 3,
				.flags = 1u << i % 11 };
			ioctl(-1, VIDIOC_QUERYCTRL, &m);
		}
		m.extended = (struct v4l2_query_ext_ctrl){ .id = ids[i],
			.type = V4L2_CTRL_TYPE_U8,
			.name = "name",
			.minimum = -1,
			.maximum = 1ll << 40,
			.step = 1ull << 63,
			.flags = V4L2_CTRL_FLAG_HAS_PAYLOAD,
			.elem_size = 1,
			.elems = 6,
			.nr_of_dims = (uint32_t)i,
			.dims = { 2, 3 } };
		ioctl(-1, VIDIOC_QUERY_EXT_CTRL, &m);
	}
}

static void lists_of_controls(void)
{
	static const unsigned long commands[] = { VIDIOC_G_EXT_CTRLS, VIDIOC_S_EXT_CTRLS,
		VIDIOC_TRY_EXT_CTRLS };
	static struct v4l2_ext_control list[40] = { { .id = V4L2_CID_BRIGHTNESS, .value64 = -7 },
		{ .id = V4L2_CID_AUDIO_MUTE, .size = 4, .string = (char *)"a text of its own" },
		{ .id = 5, .size = 40, .string = (char *)"a text that is longer than thirty-two" },
		{ .id = 6, .size = 1, .string = WRONG }, { .id = 7, .size = 0xffffffff } };
	struct v4l2_ext_control *end = at_the_end(list, 3 * sizeof(list[0]));
	const struct {
		void *at;
		uint32_t count;
	} given[] = { { list, 2 }, { list, 5 }, { list, 40 }, { list, 0 }, { end, 3 }, { end, 4 },
		{ NULL, 1 }, { WRONG, 2 }, { WRONG, 0xffffffff } };

	for (size_t i = 0; i < COUNT(given); i++) {
		struct v4l2_ext_controls controls = { .ctrl_class =
							      i & 1 ? V4L2_CTRL_CLASS_CAMERA : 0,
			.count = given[i].count,
			.error_idx = (uint32_t)i,
			.controls = given[i].at };

		for (size_t n = 0; n < COUNT(commands); n++)
			ioctl(-1, commands[n], &controls);
	}
}

/* What strace 6.1 shows the address of. */
static void newer(void)
{
	struct v4l2_exportbuffer exported = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.index = 3,
		.plane = 1,
		.flags = 0x80002, /* O_RDWR|O_CLOEXEC */
		.fd = -1 };
	struct v4l2_querymenu menu = {
		.id = V4L2_CID_POWER_LINE_FREQUENCY, .index = 1, .name = "50 Hz"
	};

	ioctl(-1, VIDIOC_EXPBUF, &exported);
	ioctl(-1, VIDIOC_QUERYMENU, &menu);
	ioctl(-1, VIDIOC_QUERYMENU, WRONG);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		newer();
		return 0;
	}
	all();
	formats();
	names();
	buffers();
	controls();
	lists_of_controls();
	return 0;
}
