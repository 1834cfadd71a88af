/* The memory of areas: what can be done to it by whoever gets hold of it, and what may limit it. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/inline/inline.h"
#include "engine/inline/space/memory.h"
#include "check.h"

#define REFUSED(call) (CHECK((call) < 0 && errno == EPERM))

static struct ft_leftovers leftovers;

static struct ft_space *new_space(void)
{
	struct ft_space *sp = calloc(1, sizeof(*sp));

	if (!sp)
		abort();
	sp->memory = -1;
	sp->leftovers = &leftovers;
	return sp;
}

static bool is_mapped(const void *page)
{
	unsigned char unused;

	return !mincore((void *)(uintptr_t)page, 4096, &unused);
}

static void test_leftovers(void)
{
	struct ft_space *spaces[FT_LEFTOVERS + 2], *sp = new_space();
	uint8_t *maps[FT_LEFTOVERS + 2];
	char path[48];

	for (int i = 0; i < FT_LEFTOVERS + 2; i++) {
		spaces[i] = new_space();
		CHECK(!close(ft_memory_new(spaces[i], getpid(), path)));
		maps[i] = spaces[i]->chunks[0].map;
		maps[i][0] = 'x';
	}
	spaces[1]->chunks[0].used = 3; /* areas of two threads: not kept */
	for (int i = 0; i < FT_LEFTOVERS + 1; i++) {
		ft_memory_free(spaces[i]);
		CHECK_EQ(is_mapped(maps[i]), i != 1);
	}
	CHECK_EQ(leftovers.count, FT_LEFTOVERS);
	ft_memory_free(spaces[FT_LEFTOVERS + 1]);
	CHECK_EQ(leftovers.count, FT_LEFTOVERS_KEPT + 1);
	CHECK(!is_mapped(maps[FT_LEFTOVERS]));
	ft_memory_clear(&leftovers, FT_LEFTOVERS_KEPT);
	CHECK_EQ(leftovers.count, FT_LEFTOVERS_KEPT);
	CHECK(!close(ft_memory_new(sp, getpid(), path)));
	CHECK_EQ(leftovers.count, FT_LEFTOVERS_KEPT - 1);
	CHECK(sp->chunks[0].map == maps[2] && !maps[2][0]); /* nothing of its former owner's */
	ft_memory_free(sp);
	ft_memory_clear(&leftovers, 0);
	CHECK_EQ(leftovers.count, 0);
	for (int i = 0; i < FT_LEFTOVERS + 2; i++) {
		CHECK(!is_mapped(maps[i]));
		free(spaces[i]);
	}
	free(sp);
	check_group("what is left of ended processes is bounded, goes in one go, or a new one's "
		    "takes its place");
}

static void test_seals(void)
{
	struct ft_space *sp = new_space();
	char path[48];
	int fd = ft_memory_new(sp, getpid(), path), theirs = open(path, O_RDWR | O_CLOEXEC);
	uint8_t *tracee = mmap(NULL, FT_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, theirs, 0);
	struct stat st;

	CHECK(fd >= 0 && theirs >= 0 && tracee != MAP_FAILED);
	CHECK_EQ(sp->chunk_count, 1);
	CHECK_EQ(sp->mapped, 0);
	tracee[4096] = 1;
	CHECK_EQ(ft_memory_seal(sp, fd), 0);
	REFUSED(ftruncate(theirs, 0));
	REFUSED(ftruncate(theirs, (off_t)FT_CHUNKS_MAX * FT_CHUNK + 4096));
	CHECK(ft_memory_seal(sp, fd) < 0);
	REFUSED(ftruncate(theirs, 4096));
	REFUSED(fallocate(theirs, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, FT_CHUNK));
	REFUSED(madvise(tracee, FT_CHUNK, MADV_REMOVE));
	REFUSED(write(theirs, "x", 1));
	REFUSED(fcntl(theirs, F_ADD_SEALS, F_SEAL_WRITE));
	CHECK(mmap(NULL, FT_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, theirs, 0) == MAP_FAILED);
	CHECK(!madvise(tracee, FT_CHUNK, MADV_DONTNEED)); /* of this mapping alone */
	CHECK_EQ(sp->chunks[0].map[4096], 1);
	tracee[4096] = 2;
	CHECK_EQ(sp->chunks[0].map[4096], 2);
	CHECK(!fstat(fd, &st) && st.st_blocks < FT_CHUNK / 512);
	munmap(tracee, FT_CHUNK);
	close(fd);
	close(theirs);
	ft_memory_free(sp);
	CHECK_EQ(sp->chunk_count, 0);
	free(sp);
	check_group("a tracee's memory cannot be shortened, nor holes be made in it");
}

/* Whoever could reach it before it was sealed may have shortened it: no page of it is touched that is not there. */
static void test_shortened(void)
{
	for (off_t pages = 0; pages < 2; pages++) {
		struct ft_space *sp = new_space();
		char path[48];
		int fd = ft_memory_new(sp, getpid(), path);
		struct ft_inline_task it = { .space = sp, .area = (void *)sp->chunks[0].map };

		CHECK_EQ(ftruncate(fd, pages * 4096), 0);
		CHECK_EQ(ft_memory_seal(sp, fd), 0);
		CHECK_EQ(ft_area_init(&it, false, false), pages ? 0 : -ENOMEM);
		CHECK(!ft_area_open_blocks(&it));
		close(fd);
		ft_memory_free(sp);
		free(sp);
	}
	check_group("memory that was shortened before it was sealed is not touched");
}

static void test_file_size_limit(void)
{
	const struct {
		uint64_t limit;
		int chunks; /* -1: not one */
	} cases[] = { { 0, -1 }, { FT_CHUNK - 1, -1 }, { FT_CHUNK, 1 }, { 3ull * FT_CHUNK + 1, 3 },
		{ 1ull << 40, FT_CHUNKS_MAX }, { RLIM_INFINITY, FT_CHUNKS_MAX } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct rlimit limit = { cases[i].limit, cases[i].limit };
			struct ft_space *sp = new_space();
			char path[48];
			int fd;

			sigset_t all;

			sigfillset(&all);
			sigprocmask(SIG_BLOCK, &all, NULL); /* as the tracer thread does */
			setrlimit(RLIMIT_FSIZE, &limit);
			leftovers.chunks = FT_CHUNKS_MAX; /* before, there was no limit */
			fd = ft_memory_new(sp, getpid(), path);
			_exit(cases[i].chunks < 0 ? fd != -EFBIG
						  : fd < 0 || sp->chunk_limit != cases[i].chunks);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	check_group("RLIMIT_FSIZE allows fewer areas, and kills nobody");
}

int main(void)
{
	test_seals();
	test_leftovers();
	test_shortened();
	test_file_size_limit();
	return check_result();
}
