/*
 * Makes calls, keeps the memory behind their arguments before and after, and writes what the decoder makes of them into
 * a file. Run under strace both can be compared, line by line, with no engine in between:
 * tests/integration/test_decoder_strace.py.
 */
#ifndef FT_DECODED_H
#define FT_DECODED_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decode/lines.h"

#ifdef __i386__
#define ABI	       FT_ABI_I386
#define SYS_newfstatat SYS_fstatat64
#else
#define ABI FT_ABI_X86_64
#endif

static char out[1 << 22];
static size_t out_length;

#define REGIONS 16 /* at most, of one call */

/* Memory that is kept: where, how much. */
struct region {
	const void *at;
	size_t size;
};

static const struct ft_line_style plain = { "", "", "", "", 0, 32, false };

static long made(long nr, const long *args, const struct region *regions, size_t count)
{
	static uint8_t copies[2 * REGIONS][4096];
	struct ft_snapshot snapshots[2 * REGIONS];
	struct ft_event ev = { .kind = FT_KIND_SYSCALL, .abi = ABI, .nr = (int32_t)nr };
	struct ft_view view = { .event = &ev, .snapshots = snapshots, .count = 2 * count };
	struct ft_text text;
	long ret;

	for (size_t i = 0; i < 2 * count; i++)
		snapshots[i] = (struct ft_snapshot){ (uintptr_t)regions[i / 2].at, copies[i],
			(uint32_t)regions[i / 2].size, 0, FT_PAYLOAD_BYTES, i & 1, false, false };
	for (size_t i = 0; i < count; i++)
		memcpy(copies[2 * i], regions[i].at, regions[i].size);
	ret = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	ret = ret == -1 ? -errno : ret;
	for (size_t i = 0; i < count; i++)
		memcpy(copies[2 * i + 1], regions[i].at, regions[i].size);
	for (int i = 0; i < 6; i++)
		ev.args[i] = (uint64_t)args[i];
	ev.ret = ret;
	ev.flags = ret < 0 && ret >= -FT_ERRNO_MAX ? FT_FLAG_ERROR : 0;
	ft_text_start(&text, out + out_length, sizeof(out) - out_length - 1);
	ft_put_call(&text, &view, &plain);
	out_length = (size_t)(text.at - out);
	out[out_length++] = '\n';
	return ret;
}

#define ARGS(...)  ((const long[6]){ __VA_ARGS__ })
#define A(pointer) ((long)(pointer))
#define S(string)  { (string), sizeof(string) }
#define M(object)  { &(object), sizeof(object) }
#define CALL(nr, args, ...)                                                                        \
	made(SYS_##nr, args, (const struct region[]){ __VA_ARGS__ },                               \
		sizeof((const struct region[]){ __VA_ARGS__ }) / sizeof(struct region))
#define PLAIN(nr, ...) made(SYS_##nr, ARGS(__VA_ARGS__), NULL, 0)

static const char *const bad = (const char *)0x10;

/* Of the calls between two of sync(2) nothing but what is compared is called. */
static int write_decoded(void)
{
	FILE *file = fopen("decoded.txt", "w");

	return !file || fwrite(out, out_length, 1, file) != 1 || fclose(file);
}

#endif
