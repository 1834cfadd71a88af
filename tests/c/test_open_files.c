/* What descriptors are: tables that follow the calls, whatever they say, within their bounds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "check.h"
#include "decode/opened.h"
#include "decode/paths.h"
#include "tables/numbers.h"

#define ME     100
#define CHILD  101
#define THREAD 102

static uint64_t clock_ns = 1000;

struct payload {
	uint8_t bytes[8192];
	size_t length;
};

static void put_item(
	struct payload *p, int arg, int type, uint64_t address, const void *bytes, size_t length)
{
	struct ft_payload head = { .length = (uint32_t)length,
		.arg = (uint8_t)arg,
		.type = (uint8_t)type,
		.flags = FT_PAYLOAD_MORE,
		.address = address };

	memcpy(p->bytes + p->length, &head, sizeof(head));
	memcpy(p->bytes + p->length + sizeof(head), bytes, length);
	p->length += FT_PAYLOAD_SIZE(length);
}

static void put_path(struct payload *p, int arg, const char *path)
{
	put_item(p, arg, FT_PAYLOAD_STRING, 0x1000u * (unsigned)(arg + 1), path, strlen(path));
}

/* A call of a task, with what was captured of it; nothing of it is shown. */
static void make(struct ft_open_files *f, int tid, int nr, int64_t ret, const uint64_t args[6],
	const struct payload *p)
{
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_event ev = { .kind = FT_KIND_SYSCALL,
		.abi = FT_ABI_X86_64,
		.pid = tid == THREAD ? ME : tid,
		.tid = tid,
		.nr = nr,
		.ret = ret,
		.time_ns = clock_ns,
		.duration_ns = 5,
		.flags = (ret < 0 ? FT_FLAG_ERROR : 0) | (p ? FT_FLAG_PAYLOAD : 0) };
	struct ft_view view = { .event = &ev, .snapshots = snapshots };

	clock_ns += 10;
	memcpy(ev.args, args, sizeof(ev.args));
	if (p) {
		view.payload = p->bytes;
		view.payload_length = p->length;
		view.count = ft_snapshots(&ev, p->bytes, p->length, 0, snapshots);
	}
	ft_opened_unseen(f, &view);
}

#define ARGS(...) ((const uint64_t[6]){ __VA_ARGS__ })

static void open_at(struct ft_open_files *f, int tid, const char *path, int fd, uint64_t flags)
{
	struct payload p = { .length = 0 };

	put_path(&p, 1, path);
	make(f, tid, FT_NR_X86_64_openat, fd, ARGS((uint64_t)AT_FDCWD, 0x2000, flags), &p);
}

static void told(struct ft_open_files *f, int tid, int nr, int fd, const char *link, size_t length)
{
	struct payload p = { .length = 0 };

	put_item(&p, 255, FT_PAYLOAD_LINK, (uint64_t)(int64_t)fd, link, length);
	make(f, tid, nr, fd, ARGS(0), &p);
}

static void happen(
	struct ft_open_files *f, int kind, int tid, int64_t ret, uint64_t shared, uint16_t flags)
{
	struct ft_event ev = { .kind = (uint8_t)kind,
		.pid = tid,
		.tid = tid,
		.ret = ret,
		.args = { (uint64_t)ret, shared },
		.flags = flags };

	ft_opened_event(f, &ev, NULL, 0);
}

static int is(struct ft_open_files *f, int tid, int fd, const char *link)
{
	const struct ft_event ev = { .pid = tid == THREAD ? ME : tid, .tid = tid };
	const struct ft_file *file = ft_opened_find(f, &ev, fd, false);

	if (!link || !file)
		return !link && !file;
	return file->link_length == strlen(link) && !memcmp(file->bytes, link, strlen(link));
}

static struct ft_open_files *begin(void)
{
	struct ft_open_files *f;

	CHECK_EQ(ft_open_files_new(&f), 0);
	told(f, ME, FT_NR_X86_64_chdir, (int)FT_LINK_CWD, "/home/me", 8);
	return f;
}

static void by_calls_alone(void)
{
	struct ft_open_files *f = begin();
	struct payload p = { .length = 0 };

	open_at(f, ME, "a/../b", 3, O_CLOEXEC);
	CHECK(is(f, ME, 3, "/home/me/b"));
	open_at(f, ME, "/etc//passwd", 4, 0);
	CHECK(is(f, ME, 4, "/etc/passwd"));
	make(f, ME, FT_NR_X86_64_dup, 5, ARGS(3), NULL);
	make(f, ME, FT_NR_X86_64_close, 0, ARGS(3), NULL);
	CHECK(is(f, ME, 3, NULL));
	CHECK(is(f, ME, 5, "/home/me/b"));
	make(f, ME, FT_NR_X86_64_dup2, 5, ARGS(4, 5), NULL);
	CHECK(is(f, ME, 5, "/etc/passwd"));
	make(f, ME, FT_NR_X86_64_fcntl, 9, ARGS(5, F_DUPFD_CLOEXEC, 9), NULL);
	make(f, ME, FT_NR_X86_64_dup2, -EBADF, ARGS(77, 5), NULL);
	CHECK(is(f, ME, 5, "/etc/passwd"));
	make(f, ME, FT_NR_X86_64_execve, 0, ARGS(0), NULL);
	CHECK(is(f, ME, 9, NULL));
	CHECK(is(f, ME, 5, "/etc/passwd"));
	make(f, ME, FT_NR_X86_64_close_range, 0, ARGS(4, UINT32_MAX, 0), NULL);
	CHECK(is(f, ME, 4, NULL));
	CHECK(is(f, ME, 5, NULL));
	open_at(f, ME, "x", 3, 0);
	put_path(&p, 0, "x");
	put_path(&p, 1, "/tmp/y");
	make(f, ME, FT_NR_X86_64_rename, 0, ARGS(0x1000, 0x2000), &p);
	CHECK(is(f, ME, 3, "/tmp/y"));
	p.length = 0;
	put_path(&p, 0, "/tmp/y");
	make(f, ME, FT_NR_X86_64_unlink, 0, ARGS(0x1000), &p);
	CHECK(is(f, ME, 3, "/tmp/y (deleted)"));
	ft_open_files_free(f);
	check_group("without a look into /proc, by paths and the working directory");
}

static void shared_and_copied(void)
{
	struct ft_open_files *f = begin();

	open_at(f, ME, "a", 3, 0);
	happen(f, FT_KIND_FORK, ME, CHILD, 0, 0);
	happen(f, FT_KIND_FORK, ME, THREAD, 0, FT_FLAG_THREAD);
	open_at(f, THREAD, "b", 4, 0);
	CHECK(is(f, ME, 4, "/home/me/b"));
	CHECK(is(f, CHILD, 4, NULL));
	make(f, CHILD, FT_NR_X86_64_close, 0, ARGS(3), NULL);
	CHECK(is(f, ME, 3, "/home/me/a"));
	make(f, THREAD, FT_NR_X86_64_unshare, 0, ARGS(0x400), NULL);
	make(f, THREAD, FT_NR_X86_64_close, 0, ARGS(3), NULL);
	CHECK(is(f, ME, 3, "/home/me/a"));
	happen(f, FT_KIND_EXIT, CHILD, 0, 0, 0);
	CHECK(is(f, CHILD, 3, NULL));
	ft_open_files_free(f);
	check_group("threads share, children have copies, until they unshare or end");
}

static void socket_learns(void)
{
	static const char bound[] = "socket:[7]\0TCP\0"
				    "127.0.0.1:80";
	struct ft_open_files *f = begin();
	const struct ft_event ev = { .pid = ME, .tid = ME };

	told(f, ME, FT_NR_X86_64_socket, 3, "socket:[7]\0TCP", 14);
	make(f, ME, FT_NR_X86_64_dup, 4, ARGS(3), NULL);
	told(f, ME, FT_NR_X86_64_bind, 3, bound, sizeof(bound) - 1);
	CHECK_EQ(ft_opened_find(f, &ev, 4, false)->length, sizeof(bound) - 1);
	told(f, ME, FT_NR_X86_64_socket, 5, "socket:[8]\0UNIX-STREAM", 22);
	told(f, ME, FT_NR_X86_64_accept, 6,
		"socket:[9]\0UNIX-STREAM\0"
		"8",
		24);
	CHECK_EQ(ft_opened_find(f, &ev, 5, false)->length, 24);
	ft_open_files_free(f);
	check_group("an address is told of a socket by whatever descriptor it has");
}

static void late_close(void)
{
	struct ft_open_files *f = begin();

	open_at(f, ME, "a", 3, 0);
	clock_ns -= 20; /* begun before that had come, told after it */
	make(f, ME, FT_NR_X86_64_close, 0, ARGS(3), NULL);
	clock_ns += 20;
	CHECK(is(f, ME, 3, "/home/me/a"));
	ft_open_files_free(f);
	check_group("a close that another open overtook closes nothing newer");
}

static void hostile(void)
{
	static char link[FT_LINK_MAX + 64];
	struct ft_open_files *f = begin();

	memset(link, 'x', sizeof(link));
	told(f, ME, FT_NR_X86_64_openat, 3, link, sizeof(link) - 1);
	CHECK(is(f, ME, 3, NULL));
	told(f, ME, FT_NR_X86_64_openat, INT32_MAX, "/x", 2);
	told(f, ME, FT_NR_X86_64_openat, INT32_MIN, "/x", 2);
	CHECK(is(f, ME, INT32_MAX, NULL));
	CHECK(is(f, ME, INT32_MIN, NULL));
	link[0] = '/';
	for (int i = 0; i < 30000; i++)
		told(f, ME, FT_NR_X86_64_openat, i, link, 4000);
	CHECK(f->bytes <= FT_OPEN_FILES_BYTES);
	CHECK(is(f, ME, 29999, NULL));
	for (int i = 0; i < 3000; i++)
		happen(f, FT_KIND_FORK, ME, 1000 + i, 0, 0);
	CHECK(f->bytes <= FT_OPEN_FILES_BYTES);
	for (int i = 0; i < 3000; i++)
		happen(f, FT_KIND_EXIT, 1000 + i, 0, 0, 0);
	make(f, ME, FT_NR_X86_64_close_range, 0, ARGS(0, UINT32_MAX, 0), NULL);
	CHECK_EQ(f->count, 1); /* the working directory */
	open_at(f, ME, "a", 3, 0);
	CHECK(is(f, ME, 3, "/home/me/a"));
	ft_open_files_free(f);
	check_group("many descriptors and processes cost bounded memory, and what is free is used "
		    "again");
}

static void joined_paths(void)
{
	static const struct {
		const char *base, *path, *want;
	} cases[] = {
		{ "/a/b", "c", "/a/b/c" },
		{ "/a/b", "../c/./d//e/", "/a/c/d/e" },
		{ "/a", "../../..", "/" },
		{ "/", "x", "/x" },
		{ NULL, "/x/../..", "/" },
		{ "pipe:[1]", "x", "" },
		{ NULL, "x", "" },
	};
	uint8_t to[FT_STRING_MAX];
	static char big[FT_STRING_MAX + 16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *base = cases[i].base;
		size_t n = ft_path_join((const uint8_t *)base, base ? strlen(base) : 0,
			(const uint8_t *)cases[i].path, strlen(cases[i].path), to);

		CHECK_EQ(n, strlen(cases[i].want));
		CHECK(!memcmp(to, cases[i].want, n));
	}
	memset(big, 'y', sizeof(big));
	CHECK_EQ(ft_path_join((const uint8_t *)"/a", 2, (uint8_t *)big, sizeof(big), to), 0);
	check_group("paths are joined as texts, and not beyond their bound");
}

int main(void)
{
	by_calls_alone();
	shared_and_copied();
	socket_learns();
	late_close();
	hostile();
	joined_paths();
	return check_result();
}
