/* Commands of ioctl(2): by their names, by what families of them are made of, by their parts. */
#include <string.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define NR(command)	   ((command) & 0xff)
#define TYPE(command)	   ((command) >> 8 & 0xff)
#define SIZE(command)	   ((command) >> 16 & 0x3fff)
#define DIRECTION(command) ((command) >> 30 & 3)

enum direction { WRITES = 1, READS = 2, BOTH = 3 };

/* Those that are one for each size or number: macros with an argument in the uapi headers. */
static const struct family {
	char type;
	uint8_t first, last; /* numbers */
	enum direction direction;
	const char *name;
	enum { OF_SIZE, OF_NUMBER, OF_BITS, OF_AXIS } of;
} families[] = {
	/* linux/input.h */
	{ 'E', 0x06, 0x06, READS, "EVIOCGNAME", OF_SIZE },
	{ 'E', 0x07, 0x07, READS, "EVIOCGPHYS", OF_SIZE },
	{ 'E', 0x08, 0x08, READS, "EVIOCGUNIQ", OF_SIZE },
	{ 'E', 0x09, 0x09, READS, "EVIOCGPROP", OF_SIZE },
	{ 'E', 0x0a, 0x0a, READS, "EVIOCGMTSLOTS", OF_SIZE },
	{ 'E', 0x18, 0x18, READS, "EVIOCGKEY", OF_SIZE },
	{ 'E', 0x19, 0x19, READS, "EVIOCGLED", OF_SIZE },
	{ 'E', 0x1a, 0x1a, READS, "EVIOCGSND", OF_SIZE },
	{ 'E', 0x1b, 0x1b, READS, "EVIOCGSW", OF_SIZE },
	{ 'E', 0x20, 0x3f, READS, "EVIOCGBIT", OF_BITS },
	{ 'E', 0x40, 0x7f, READS, "EVIOCGABS", OF_AXIS },
	{ 'E', 0xc0, 0xff, WRITES, "EVIOCSABS", OF_AXIS },
	/* linux/hiddev.h, linux/hidraw.h */
	{ 'H', 0x04, 0x04, READS, "HIDIOCGRAWNAME", OF_SIZE },
	{ 'H', 0x05, 0x05, READS, "HIDIOCGRAWPHYS", OF_SIZE },
	{ 'H', 0x06, 0x06, BOTH, "HIDIOCSFEATURE", OF_SIZE },
	{ 'H', 0x07, 0x07, BOTH, "HIDIOCGFEATURE", OF_SIZE },
	{ 'H', 0x08, 0x08, READS, "HIDIOCGRAWUNIQ", OF_SIZE },
	/* linux/soundcard.h, linux/uinput.h, linux/joystick.h, linux/spi/spidev.h */
	{ 'M', 0x00, 0xff, READS, "MIXER_READ", OF_NUMBER },
	{ 'M', 0x00, 0xff, WRITES, "MIXER_WRITE", OF_NUMBER },
	{ 'U', 0x2c, 0x2c, READS, "UI_GET_SYSNAME", OF_SIZE },
	{ 'j', 0x13, 0x13, READS, "JSIOCGNAME", OF_SIZE },
	{ 'k', 0x00, 0x00, WRITES, "SPI_IOC_MESSAGE", OF_SIZE },
};

static bool put_family(struct ft_text *text, uint64_t command)
{
	const struct family *f = families, *end = f + sizeof(families) / sizeof(families[0]);

	for (; f < end; f++)
		if ((uint8_t)f->type == TYPE(command) && f->first <= NR(command) &&
			NR(command) <= f->last && f->direction == DIRECTION(command))
			break;
	if (f == end)
		return false;
	ft_put(text, f->name, strlen(f->name));
	ft_puts(text, "(");
	switch (f->of) {
	case OF_SIZE:
		ft_put_decimal(text, SIZE(command));
		break;
	case OF_NUMBER:
		ft_put_decimal(text, NR(command));
		break;
	case OF_BITS:
		if (NR(command) & 0x1f)
			ft_put_set(text, &ft_sets[FT_SET_EVENT_TYPE], NR(command) & 0x1f);
		else
			ft_puts(text, "0"); /* which types there are */
		ft_puts(text, ", ");
		ft_put_decimal(text, SIZE(command));
		break;
	case OF_AXIS:
		ft_put_set(text, &ft_sets[FT_SET_EVENT_AXIS], NR(command) & 0x3f);
		break;
	}
	ft_puts(text, ")");
	return true;
}

static void put_parts(struct ft_text *text, uint64_t command)
{
	static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
		"_IOC_READ|_IOC_WRITE" };
	const char *direction = directions[DIRECTION(command)];

	ft_puts(text, "_IOC(");
	ft_put(text, direction, strlen(direction));
	ft_puts(text, ", ");
	ft_put_hex(text, TYPE(command));
	ft_puts(text, ", ");
	ft_put_hex(text, NR(command));
	ft_puts(text, ", ");
	ft_put_hex(text, SIZE(command));
	ft_puts(text, ")");
}

/* A command of 64-bit programs may be meant for 32-bit ones by its name, too: FS_IOC32_GETFLAGS. */
static const struct ft_member *member_of(
	const struct ft_walk *walk, uint64_t command, unsigned *set)
{
	const struct ft_member *m;

	*set = FT_SET_IOCTL;
	m = ft_member_of(&ft_sets[*set], command);
	if (m || walk->word != 4)
		return m;
	*set = FT_SET_IOCTL_I386;
	return ft_member_of(&ft_sets[*set], command);
}

void ft_show_ioctl_cmd(struct ft_walk *walk, uint64_t value)
{
	char buffer[512];
	struct ft_text text;
	unsigned set;
	const struct ft_member *m = member_of(walk, value, &set);
	bool is_of_family;

	ft_text_start(&text, buffer, sizeof(buffer));
	is_of_family = put_family(&text, value);
	if (m && !is_of_family) {
		ft_set_shown(walk, set, value);
		return;
	}
	if (m) {
		ft_puts(&text, " or ");
		ft_put(&text, m->name, m->length);
	}
	if (!m && !is_of_family)
		put_parts(&text, value);
	walk->sink->ops->named(walk->sink, value, FT_HEX, buffer, (size_t)(text.at - buffer));
}
