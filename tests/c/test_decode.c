/* The decoder: memory that is there, cut, faulty, missing; numbers that no table knows; buffers that end. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "decode/lines.h"
#include "tables/tables.h"

#define BASE 0x7f0000001000u

static const struct ft_line_style plain = { "", "", "", "", 0, 32, false };
static char text[1 << 16];

/* The call by its name, with this memory. */
static const char *decoded_on(unsigned abi, const char *name, const uint64_t *args, int64_t ret,
	const struct ft_snapshot *snapshots, size_t count)
{
	struct ft_event ev = { .kind = FT_KIND_SYSCALL,
		.abi = (uint8_t)abi,
		.ret = ret,
		.nr = ft_syscall_number(abi, name),
		.flags = ret < 0 && ret >= -4095 ? FT_FLAG_ERROR : 0 };
	struct ft_view view = { .event = &ev, .snapshots = snapshots, .count = count };
	struct ft_text out;

	memcpy(ev.args, args, sizeof(ev.args));
	ft_text_start(&out, text, sizeof(text) - 1);
	ft_put_call(&out, &view, &plain);
	*out.at = 0;
	return text;
}

static const char *decoded(const char *name, const uint64_t *args, int64_t ret,
	const struct ft_snapshot *snapshots, size_t count)
{
	return decoded_on(FT_ABI_X86_64, name, args, ret, snapshots, count);
}

#define ARGS(...)    ((const uint64_t[6]){ __VA_ARGS__ })
#define IS(expected) is_text(expected, __FILE__, __LINE__)

static void is_text(const char *expected, const char *file, int line)
{
	check_that(!strcmp(text, expected), file, line, text);
}

static struct ft_snapshot bytes_at(uint64_t address, const void *data, uint32_t length, bool after)
{
	return (struct ft_snapshot){ .address = address,
		.data = data,
		.length = length,
		.type = FT_PAYLOAD_BYTES,
		.after = after };
}

static struct ft_snapshot string_at(uint64_t address, const char *string)
{
	return (struct ft_snapshot){ .address = address,
		.data = (const uint8_t *)string,
		.length = (uint32_t)strlen(string),
		.type = FT_PAYLOAD_STRING };
}

static void missing(void)
{
	struct ft_snapshot s[2];

	decoded("unlink", ARGS(BASE), 0, NULL, 0);
	IS("unlink(0x7f0000001000) = 0");
	decoded("unlink", ARGS(0), -14, NULL, 0);
	IS("unlink(NULL) = -1 EFAULT (Bad address)");
	s[0] = string_at(BASE, "a");
	s[0].fault = true;
	s[0].length = 0;
	decoded("unlink", ARGS(BASE), -14, s, 1);
	IS("unlink(0x7f0000001000) = -1 EFAULT (Bad address)");
	/* A string that memory ends before its NUL is none. */
	s[0] = bytes_at(BASE, "abc", 3, false);
	s[0].fault = true;
	decoded("unlink", ARGS(BASE), -14, s, 1);
	IS("unlink(0x7f0000001000) = -1 EFAULT (Bad address)");
	s[0].fault = false;
	s[0].truncated = true;
	decoded("unlink", ARGS(BASE), -2, s, 1);
	IS("unlink(\"abc\"...) = -1 ENOENT (No such file or directory)");
	/* What was there before the call says nothing of after it. */
	s[0] = bytes_at(BASE, "abcd", 4, false);
	decoded("read", ARGS(3, BASE, 4), 4, s, 1);
	IS("read(3, 0x7f0000001000, 4) = 4");
	s[0].after = true;
	decoded("read", ARGS(3, BASE, 4), 4, s, 1);
	IS("read(3, \"abcd\", 4) = 4");
	decoded("read", ARGS(3, BASE, 4), -9, s, 1);
	IS("read(3, 0x7f0000001000, 4) = -1 EBADF (Bad file descriptor)");
	decoded("read", ARGS(3, BASE, 100), 80, s, 1);
	IS("read(3, \"abcd\"..., 100) = 80");
	check_group("memory that is not there is an address, memory that is cut says so");
}

static void structures(void)
{
	struct {
		int64_t sec, nsec;
	} ts = { 1, 500 };
	uint64_t vector[] = { BASE + 64, BASE + 80, 0 };
	uint8_t stat[144] = { 0 };
	struct ft_snapshot s[4];
	uint32_t length = 200;

	s[0] = bytes_at(BASE, &ts, sizeof(ts), false);
	decoded("nanosleep", ARGS(BASE, 0), 0, s, 1);
	IS("nanosleep({tv_sec=1, tv_nsec=500}, NULL) = 0");
	s[0].length = 15;
	decoded("nanosleep", ARGS(BASE, 0), 0, s, 1);
	IS("nanosleep(0x7f0000001000, NULL) = 0");
	/* Memory that begins before the address. */
	s[0] = bytes_at(BASE - 8, vector, sizeof(vector), false);
	decoded("execve", ARGS(0, BASE, 0), -14, s, 1);
	IS("execve(NULL, [0x7f0000001050], NULL) = -1 EFAULT (Bad address)");
	s[0] = bytes_at(BASE, vector, sizeof(vector), false);
	s[1] = string_at(BASE + 64, "ls");
	s[2] = string_at(BASE + 80, "\x1b[31m");
	decoded("execve", ARGS(0, BASE, BASE), -14, s, 3);
	IS("execve(NULL, [\"ls\", \"\\33[31m\"], 0x7f0000001000 /* 2 vars */) = -1 EFAULT (Bad "
	   "address)");
	/* A vector whose end is not there cannot be counted. */
	s[0].length = 16;
	decoded("execve", ARGS(0, 0, BASE), -14, s, 1);
	IS("execve(NULL, NULL, 0x7f0000001000) = -1 EFAULT (Bad address)");
	stat[24] = 0xa4, stat[25] = 0x81, stat[48] = 5;
	s[0] = bytes_at(BASE, stat, sizeof(stat), true);
	decoded("fstat", ARGS(3, BASE), 0, s, 1);
	IS("fstat(3, {st_mode=S_IFREG|0644, st_size=5, ...}) = 0");
	stat[25] = 0x21;
	stat[40] = 3, stat[41] = 1;
	decoded("fstat", ARGS(3, BASE), 0, s, 1);
	IS("fstat(3, {st_mode=S_IFCHR|0644, st_rdev=makedev(0x1, 0x3), ...}) = 0");
	/* The kernel says 200; what it wrote is 16. */
	s[0] = bytes_at(BASE, "\2\0\0\x50\x7f\0\0\1\0\0\0\0\0\0\0", 16, true);
	s[1] = bytes_at(BASE + 100, &length, 4, false);
	s[2] = bytes_at(BASE + 100, "\x10\0\0\0", 4, true);
	decoded("accept", ARGS(3, BASE, BASE + 100), 4, s, 3);
	IS("accept(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, "
	   "[200 => 16]) = 4");
	check_group("structures are whole or an address; vectors are followed");
}

static void numbers(void)
{
	decoded("openat", ARGS(0xffffff9c, 0, 0x7e000003), 5, NULL, 0);
	IS("openat(AT_FDCWD, NULL, O_ACCMODE|0x7e000000) = 5");
	decoded("mprotect", ARGS(0, 0, 0x100), 0, NULL, 0);
	IS("mprotect(NULL, 0, 0x100 /* PROT_??? */) = 0");
	decoded("fcntl", ARGS(3, 4711, 9), -22, NULL, 0);
	IS("fcntl(3, 0x1267 /* F_??? */, 0x9) = -1 EINVAL (Invalid argument)");
	/* The upper half of a register is no part of an int. */
	decoded("close", ARGS(0x500000003), 0, NULL, 0);
	IS("close(3) = 0");
	decoded("kill", ARGS(~0ull, 99), 0, NULL, 0);
	IS("kill(-1, 99) = 0");
	decoded("mmap", ARGS(0, 1, 0, 0x22, ~0ull, 0), 0x7f0000000000, NULL, 0);
	IS("mmap(NULL, 1, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
	decoded("read", ARGS(0, 0, 0), -512, NULL, 0);
	IS("read(0, NULL, 0) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)");
	decoded("read", ARGS(0, 0, 0), -4000, NULL, 0);
	IS("read(0, NULL, 0) = -1 ERRNO_4000 (Unknown error 4000)");
	decoded("poll", ARGS(0, 0, 5), 0, NULL, 0);
	IS("poll(NULL, 0, 5) = 0 (Timeout)");
	check_group("numbers that no table knows stay numbers");
}

static void architectures(void)
{
	uint8_t stat[128] = { 0 };
	struct ft_snapshot s = bytes_at(BASE, stat, sizeof(stat), true);

	decoded_on(FT_ABI_AARCH64, "openat", ARGS(0xffffff9c, 0, 0x84000), 3, NULL, 0);
	IS("openat(AT_FDCWD, NULL, O_RDONLY|O_CLOEXEC|O_DIRECTORY) = 3");
	decoded_on(FT_ABI_RISCV64, "openat", ARGS(0xffffff9c, 0, 0x90000), 3, NULL, 0);
	IS("openat(AT_FDCWD, NULL, O_RDONLY|O_CLOEXEC|O_DIRECTORY) = 3");
	decoded_on(FT_ABI_AARCH64, "fcntl", ARGS(3, 3), 0x20002, NULL, 0);
	IS("fcntl(3, F_GETFL) = 0x20002 (flags O_RDWR|O_LARGEFILE)");
	stat[16] = 0xa4, stat[17] = 0x81, stat[48] = 7;
	decoded_on(FT_ABI_AARCH64, "fstat", ARGS(3, BASE), 0, &s, 1);
	IS("fstat(3, {st_mode=S_IFREG|0644, st_size=7, ...}) = 0");
	decoded_on(FT_ABI_I386, "pread64", ARGS(3, 0, 5, 0xfffffffe, 0xffffffff), 0, NULL, 0);
	IS("pread64(3, NULL, 5, -2) = 0");
	decoded_on(FT_ABI_AARCH64, "clone", ARGS(0x1080011, 0, 0, 5, 6), 7, NULL, 0);
	IS("clone(child_stack=NULL, flags=CLONE_SETTLS|CLONE_CHILD_SETTID|SIGCHLD, tls=0x5, "
	   "child_tidptr=0x6) = 7");
	check_group("each architecture has its own numbers, places and registers");
}

static void dates(void)
{
	int64_t times[2] = { 951782400, -1 };
	struct ft_snapshot s = bytes_at(BASE, times, sizeof(times), false);

	decoded("utime", ARGS(0, BASE), 0, &s, 1);
	IS("utime(NULL, {actime=951782400 /* 2000-02-29T00:00:00+0000 */, modtime=-1 /* "
	   "1969-12-31T23:59:59+0000 */}) = 0");
	times[0] = 4102444799;
	times[1] = INT64_MIN;
	decoded("utime", ARGS(0, BASE), 0, &s, 1);
	IS("utime(NULL, {actime=4102444799 /* 2099-12-31T23:59:59+0000 */, "
	   "modtime=-9223372036854775808}) = 0");
	check_group("times of files have their dates, as far as there are any");
}

static void short_buffers(void)
{
	struct ft_snapshot s = string_at(BASE, "a\nb\377");
	struct ft_event ev = {
		.kind = FT_KIND_SYSCALL, .nr = 87, .args = { BASE }, .time_ns = 1500000
	};
	struct ft_view view = { .event = &ev, .snapshots = &s, .count = 1 };
	struct ft_event events[2] = { ev, ev };
	uint32_t order[4] = { 0, 1 };
	struct ft_text out;
	size_t length, done;
	char whole[64];

	ft_text_start(&out, whole, sizeof(whole));
	ft_put_call(&out, &view, &plain);
	length = (size_t)(out.at - whole);
	CHECK(length == strlen("unlink(\"a\\nb\\377\") = 0"));
	for (size_t size = 0; size < length; size++) {
		char *buffer = malloc(size + !size);

		ft_text_start(&out, buffer, size);
		ft_put_call(&out, &view, &plain);
		CHECK(out.is_full && out.at <= buffer + size);
		CHECK(!memcmp(buffer, whole, (size_t)(out.at - buffer)));
		free(buffer);
	}
	/* Lines are written whole, or later; one that fits nowhere is cut. */
	length =
		ft_put_lines(&plain, NULL, events, order, 2, NULL, 0, 0, text, sizeof(text), &done);
	CHECK_EQ(done, 2);
	length = ft_put_lines(&plain, NULL, events, order, 2, NULL, 0, 0, text, length - 1, &done);
	CHECK_EQ(done, 1);
	CHECK(text[length - 1] == '\n');
	length = ft_put_lines(&plain, NULL, events, order, 2, NULL, 0, 0, text, 20, &done);
	CHECK_EQ(done, 1);
	CHECK_EQ(length, 20);
	CHECK(!memcmp(text + 16, "...\n", 4));
	events[1].kind = FT_KIND_SIGNAL;
	ft_put_lines(&plain, NULL, events, order, 2, NULL, 0, 0, text, sizeof(text), &done);
	CHECK_EQ(done, 1);
	check_group("a buffer that ends is not written beyond");
}

static void order_of_end(void)
{
	struct ft_event events[200];
	uint32_t order[400];
	bool seen[200] = { false };

	for (int i = 0; i < 200; i++)
		events[i] = (struct ft_event){ .time_ns = (uint64_t)(i * 7919 % 97),
			.duration_ns = (uint64_t)(i % 5) };
	ft_order_of_end(events, 200, order);
	for (int i = 0; i < 200; i++) {
		uint64_t a = events[order[i ? i - 1 : 0]].time_ns +
			     events[order[i ? i - 1 : 0]].duration_ns;
		uint64_t b = events[order[i]].time_ns + events[order[i]].duration_ns;

		CHECK(a < b || (a == b && (!i || order[i - 1] < order[i])));
		CHECK(!seen[order[i]]);
		seen[order[i]] = true;
	}
	check_group("events are put in the order of their ends, equal ones as they were");
}

int main(void)
{
	missing();
	structures();
	numbers();
	architectures();
	dates();
	short_buffers();
	order_of_end();
	return check_result();
}
