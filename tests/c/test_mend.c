/*
 * What a fork may copy while its parent's text is being rewritten: a stopped child's memory is put into
 * each such state, and mended.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/patch/undo.h"
#include "check.h"

#define TEXT 0x7e8000000000ull
#define NEAR 0x7e8000100000ull /* a near's place in the child */
#define SITE (TEXT + 64)
#define SIZE 4096u

static const uint8_t int3 = 0xcc;

static struct ft_inline engine;
static struct ft_session session = { .in = &engine };
static struct ft_space space;

/* Text for every kind: a mov, the syscall, what may move, padding. */
static const uint8_t program[] = { 0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0x48, 0x89, 0xc3, 0xc3, 0x0f,
	0x1f, 0x80, 0, 0, 0, 0 };
#define BEFORE	5
#define PADDING 6 /* offset from the site */

static void set_up(void)
{
	char path[32];
	int status;
	pid_t pid;

	if (mmap((void *)TEXT, SIZE, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED ||
		mmap((void *)NEAR, FT_NEAR_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		abort();
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	space.pid = pid;
	space.memory = open(path, O_RDWR | O_CLOEXEC);
	CHECK(space.memory >= 0);
}

static struct ft_site *make_site(enum ft_patch_kind kind)
{
	uint8_t code[FT_SPRINGBOARD_SIZE];
	struct ft_rewrite jmp;
	struct ft_site *site;
	bool before;
	size_t len;

	ft_sites_free(&space.sites);
	ft_near_free(&space.nears);
	space.nears.count = 0;
	CHECK(!ft_near_add(&session, &space, NEAR));
	CHECK(!ft_text_write(&space, SITE - BEFORE, program, sizeof(program)));
	site = ft_sites_add(&space.sites, SITE);
	site->patch.kind = (uint8_t)kind;
	before = ft_patch_is_before(&site->patch);
	site->patch.at = before ? -BEFORE : kind == FT_PATCH_PADDING ? PADDING : 0;
	site->patch.padding = kind == FT_PATCH_PADDING ? PADDING : 0;
	site->patch.moved_len = before ? 5 : kind == FT_PATCH_MOVED ? 3 : 0;
	memcpy(site->patch.moved, program + (before ? 0 : BEFORE + 2), 5);
	memcpy(site->original, program + BEFORE + site->patch.at, FT_JMP_SIZE);
	memcpy(site->original_syscall, program + BEFORE, 2);
	site->springboard = ft_near_take(&space, &space.nears.list[0], 0);
	len = ft_site_springboard(
		&site->patch, SITE, site->springboard, NEAR + FT_NEAR_SLOT, code, &site->tail);
	site->springboard_len = (uint8_t)len;
	site->patched = true;
	CHECK(!ft_text_write(&space, site->springboard, code, len));
	if (ft_patch_padding_bytes(site, &jmp))
		CHECK(!ft_text_write(&space, jmp.address, jmp.bytes, jmp.len));
	return site;
}

static bool is_as_the_program_has_it(void)
{
	uint8_t now[sizeof(program)];

	return !ft_text_read(&space, SITE - BEFORE, now, sizeof(now)) &&
	       !memcmp(now, program, sizeof(now));
}

static const uint8_t kinds[] = { FT_PATCH_MOV, FT_PATCH_BEFORE, FT_PATCH_PADDING, FT_PATCH_MOVED };

/* The states between no patch and a whole one, whatever the parent's table says by then. */
static void test_half_written(void)
{
	for (int i = 0; i < 4; i++)
		for (int state = 0; state < 4; state++)
			for (int patched = 0; patched < 2; patched++) {
				struct ft_site *site = make_site(kinds[i]);
				struct ft_rewrite jmp;

				site->patched = patched;
				ft_patch_bytes(site, &jmp);
				if (state)
					CHECK(!ft_text_write(&space, jmp.address, &int3, 1));
				if (state > 1)
					CHECK(!ft_text_write(&space, jmp.address + 1, jmp.bytes + 1,
						jmp.len - 1u));
				if (state > 2)
					CHECK(!ft_text_write(
						&space, jmp.address, jmp.bytes, jmp.len));
				CHECK_EQ(ft_patch_mend(&session, &space), 0);
				CHECK_EQ(site->patched, state == 3);
				CHECK_EQ(ft_patch_is_in_place(&space, site), state == 3);
				CHECK_EQ(is_as_the_program_has_it(), state < 3);
			}
	check_group("half-written patches are taken back, whole ones stay");
}

/* The parent has gone on: what it made after the fork is not there. */
static void test_without_springboard(void)
{
	static const uint8_t nothing[FT_SPRINGBOARD_SIZE];

	for (int i = 0; i < 4; i++)
		for (int gone = 0; gone < 2; gone++) {
			struct ft_site *site = make_site(kinds[i]);
			struct ft_rewrite jmp;

			ft_patch_bytes(site, &jmp);
			CHECK(!ft_text_write(&space, jmp.address, jmp.bytes, jmp.len));
			CHECK(!ft_text_write(&space, gone ? NEAR + FT_NEAR_SLOT : site->springboard,
				nothing, 8));
			CHECK_EQ(ft_patch_mend(&session, &space), 0);
			CHECK(!site->patched);
			CHECK(is_as_the_program_has_it());
			CHECK_EQ(ft_near_base(&space, NEAR) != 0, !gone);
		}
	check_group("no site leads to a springboard that is not there");
}

/* What neither we nor the program's file has written stays. */
static void test_foreign(void)
{
	const uint8_t other[] = { 0x0f, 0x0b, 0x90, 0x90, 0x90 };

	for (int i = 0; i < 4; i++) {
		struct ft_site *site = make_site(kinds[i]);
		struct ft_rewrite jmp;
		uint8_t now[FT_JMP_SIZE];

		ft_patch_bytes(site, &jmp);
		CHECK(!ft_text_write(&space, jmp.address, other, jmp.len));
		CHECK_EQ(ft_patch_mend(&session, &space), 0);
		CHECK(!site->patched);
		CHECK(!ft_text_read(&space, jmp.address, now, jmp.len));
		CHECK(!memcmp(now, other, jmp.len));
	}
	check_group("other code at a site's place is left alone");
}

static void test_gone(void)
{
	struct ft_site *site = make_site(FT_PATCH_MOV);

	site->address += 0x10000000; /* nothing is mapped there */
	CHECK_EQ(ft_patch_mend(&session, &space), 0);
	CHECK(!site->patched);
	kill(space.pid, SIGKILL);
	waitpid(space.pid, NULL, 0);
	CHECK_EQ(ft_patch_mend(&session, &space), -ESRCH);
	check_group("text that has gone is told from a process that has");
}

int main(void)
{
	set_up();
	test_half_written();
	test_without_springboard();
	test_foreign();
	test_gone();
	ft_sites_free(&space.sites);
	ft_near_free(&space.nears);
	close(space.memory);
	return check_result();
}
