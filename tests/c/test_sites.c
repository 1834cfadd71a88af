/* The tables of sites, of springboards, and of what is known of files: what they hold, and their bounds. */

#include <stdlib.h>
#include <string.h>

#include "engine/inline/patch/files.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/patch/undo.h"
#include "check.h"

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static void check_walk(const struct ft_sites *sites, uint64_t from, uint64_t to)
{
	struct ft_sites_walk walk = ft_sites_from(sites, from, to);
	const struct ft_site *site;
	uint32_t walked = 0, there = 0;

	while ((site = ft_sites_next(&walk))) {
		CHECK(site->address >= from && site->address < to);
		walked++;
	}
	for (uint32_t i = 0; i < sites->count; i++)
		there += sites->list[i].address >= from && sites->list[i].address < to;
	CHECK_EQ(walked, there);
}

static void test_sites(void)
{
	struct ft_sites sites = { 0 }, copy;
	static uint64_t added[FT_SITES_MAX];
	uint32_t n = 0;

	CHECK(!ft_sites_find(&sites, 0x1000));
	check_walk(&sites, 0, 0x1000);
	while (!ft_sites_are_full(&sites)) {
		/* In heaps, as in libraries, and one by one. */
		uint64_t address = (n % 2 ? 0x7f0000000000 : 0x400000) + below(1u << 15);

		if (ft_sites_find(&sites, address))
			continue;
		CHECK(ft_sites_add(&sites, address)->address == address);
		added[n++] = address;
	}
	CHECK_EQ(n, FT_SITES_MAX);
	CHECK(!ft_sites_add(&sites, 0x1000));
	CHECK(!ft_sites_copy(&copy, &sites));
	for (uint32_t i = 0; i < n; i++) {
		CHECK_EQ(ft_sites_find(&sites, added[i])->address, added[i]);
		CHECK_EQ(ft_sites_find(&copy, added[i])->address, added[i]);
		CHECK(ft_sites_find(&copy, added[i]) != ft_sites_find(&sites, added[i]));
	}
	for (int i = 0; i < 2000; i++) {
		uint64_t from = 0x3ff000 + below(1u << 16);

		check_walk(&copy, from, from + below(i % 2 ? 1000 : 3));
	}
	check_walk(&sites, 0x7f0000000000 - 100, 0x7f0000000000 + 5000);
	ft_sites_free(&sites);
	ft_sites_free(&copy);
	check_group("a space holds so many sites and finds them, alone and by range");
}

static void test_looked(void)
{
	struct ft_sites sites = { 0 }, copy;

	CHECK(!ft_sites_is_looked(&sites, 0x1000, true));
	ft_sites_set_looked(&sites, 0x1000, true);
	CHECK(ft_sites_is_looked(&sites, 0x1000, true));
	CHECK(!ft_sites_is_looked(&sites, 0x1000, false));
	CHECK(!ft_sites_is_looked(&sites, 0x1001, true));
	ft_sites_set_looked(&sites, 0x1000, false);
	CHECK(ft_sites_is_looked(&sites, 0x1000, false));
	CHECK(ft_sites_is_looked(&sites, 0x1000, true)); /* threads come and go */
	/* A child looks for itself. */
	CHECK(!ft_sites_copy(&copy, &sites));
	CHECK(!ft_sites_is_looked(&copy, 0x1000, false));
	for (uint64_t i = 0; i < FT_SITES_LOOKS_MAX - 3; i++)
		ft_sites_set_looked(&sites, 0x2000 + i, true);
	CHECK(!ft_sites_is_looked(&sites, 0x1000000, true));
	ft_sites_set_looked(&sites, 0x1000, true);
	CHECK(ft_sites_is_looked(&sites, 0x1000000, true));
	CHECK(ft_sites_is_looked(&sites, 0x1000001, false));
	ft_sites_free(&sites);
	ft_sites_free(&copy);
	check_group("sites without a way are looked at once, and not without end");
}

static void test_due(void)
{
	struct ft_sites sites = { 0 };

	while (sites.count < FT_SITES_EAGER) {
		CHECK(ft_sites_is_due(&sites, 0x1000 + sites.count));
		ft_sites_add(&sites, 0x1000 + sites.count);
	}
	CHECK(!ft_sites_is_due(&sites, 0x2000));
	CHECK(!ft_sites_is_looked(&sites, 0x2000, false));
	CHECK(!ft_sites_is_looked(&sites, 0x2000, true));
	CHECK(ft_sites_is_due(&sites, 0x2000));
	ft_sites_set_looked(&sites, 0x2000, true);
	CHECK(ft_sites_is_looked(&sites, 0x2000, true));
	/* Many that come in turn, time and again: all are, in the end. */
	for (int round = 0; round < 40; round++)
		for (uint64_t site = 0x10000; site < 0x10000 + 3000 * 7; site += 7)
			if (!ft_sites_find(&sites, site) && ft_sites_is_due(&sites, site))
				CHECK(ft_sites_add(&sites, site) != NULL);
	CHECK_EQ(sites.count, FT_SITES_EAGER + 3000);
	ft_sites_free(&sites);
	check_group("of many sites those that come once are not looked at");
}

static struct ft_known known_at(uint64_t offset)
{
	struct ft_known known = { .offset = offset, .before = 100, .after = 7 };

	memset(known.window, (int)offset, sizeof(known.window));
	return known;
}

static uint32_t count_known(const struct ft_files *files, uint64_t id)
{
	struct ft_known known;
	uint32_t n = 0;

	while (ft_files_known(files, id, n, &known))
		n++;
	return n;
}

static void add(struct ft_files **files, uint64_t inode, uint64_t offset)
{
	struct ft_known known = known_at(offset);

	CHECK(!ft_files_add(files, 8, inode, &known));
}

static void test_files(void)
{
	struct ft_files *files = NULL;
	struct ft_known known;
	uint64_t id, other;

	CHECK_EQ(ft_files_find(files, 8, 1), 0);
	add(&files, 1, 10);
	add(&files, 1, 20);
	id = ft_files_find(files, 8, 1);
	CHECK(id && id == ft_files_find(files, 8, 1));
	CHECK_EQ(ft_files_find(files, 9, 1), 0);
	CHECK_EQ(count_known(files, id), 2);
	CHECK(ft_files_known(files, id, 1, &known) && known.offset == 20 && known.window[5] == 20);
	/* Other bytes at the same place. */
	known.window[5] = 99;
	CHECK(!ft_files_add(&files, 8, 1, &known));
	CHECK_EQ(count_known(files, id), 2);
	CHECK(ft_files_known(files, id, 1, &known) && known.window[5] == 99);
	for (uint64_t i = 0; i < FT_FILE_KNOWN_MAX + 100; i++)
		add(&files, 2, 3 * i);
	other = ft_files_find(files, 8, 2);
	CHECK(other != id);
	CHECK_EQ(count_known(files, other), FT_FILE_KNOWN_MAX);
	CHECK_EQ(count_known(files, id), 2);
	check_group("what is known of a file has a bound, and can change");

	/* So many files that some must go: the one in use stays. */
	for (uint64_t inode = 3; inode < 3 * FT_FILES_MAX; inode++) {
		add(&files, inode, 1);
		CHECK_EQ(ft_files_find(files, 8, 1), id);
	}
	CHECK_EQ(count_known(files, id), 2);
	CHECK_EQ(ft_files_find(files, 8, 2), 0);
	CHECK_EQ(count_known(files, other), 0);
	add(&files, 2, 1);
	CHECK(ft_files_find(files, 8, 2) != other);
	/* And so many sites. */
	for (uint64_t inode = 1; inode < 20; inode++)
		for (uint64_t i = 0; i < FT_FILE_KNOWN_MAX; i++)
			add(&files, inode, i);
	{
		uint32_t all = 0;

		for (uint64_t inode = 1; inode < 3 * FT_FILES_MAX; inode++)
			if ((other = ft_files_find(files, 8, inode)))
				all += count_known(files, other);
		CHECK(all <= FT_FILES_KNOWN_MAX && all > FT_FILES_KNOWN_MAX - FT_FILE_KNOWN_MAX);
	}
	CHECK_EQ(count_known(files, ft_files_find(files, 8, 19)), FT_FILE_KNOWN_MAX);
	ft_files_free(files);
	check_group("the files of a session have a bound; those not in use go first");
}

static void test_programs(void)
{
	struct ft_files *files = NULL;
	struct ft_known known = known_at(10);
	uint64_t one = ft_files_program(&files, 8, 100), other = ft_files_program(&files, 9, 100),
		 id;

	CHECK(one && other && !(one & other));
	CHECK_EQ(ft_files_program(&files, 8, 100), one);
	known.users = one;
	CHECK(!ft_files_add(&files, 8, 1, &known));
	id = ft_files_find(files, 8, 1);
	CHECK(!ft_files_use(files, id, 11, other, &known));
	CHECK(!ft_files_use(files, id + 1, 10, other, &known));
	CHECK(ft_files_use(files, id, 10, other, &known) && known.users == (one | other));
	CHECK(ft_files_known(files, id, 0, &known) && known.users == (one | other));
	known.users = one; /* other bytes stand there by now */
	CHECK(!ft_files_add(&files, 8, 1, &known));
	CHECK(ft_files_known(files, id, 0, &known) && known.users == (one | other));
	for (uint64_t i = 0; i < 200; i++)
		CHECK_EQ(__builtin_popcountll(ft_files_program(&files, 7, i)), 1);
	CHECK_EQ(ft_files_program(&files, 7, 198), ft_files_program(&files, 7, 199));
	CHECK_EQ(ft_files_program(&files, 8, 100), one);
	ft_files_free(files);
	check_group("a program has what it has come to itself");
}

static void test_owners(void)
{
	struct ft_space *sp = calloc(1, sizeof(*sp));
	const uint64_t bases[] = { 0x10000000, 0x20000000 };

	sp->nears.count = 2;
	sp->nears.owners = calloc(2 * FT_NEAR_ROOM, sizeof(*sp->nears.owners));
	for (int i = 0; i < 2; i++)
		sp->nears.list[i].base = bases[i];
	for (uint32_t site = 0; site < 2 * FT_NEAR_ROOM; site++) {
		struct ft_near *near = &sp->nears.list[site % 2];
		uint64_t at = ft_near_take(sp, near, site);

		CHECK(at >= near->base + FT_NEAR_FIRST);
		CHECK(at + FT_SPRINGBOARD_SIZE <= near->base + FT_NEAR_DUMMY);
		for (uint64_t i = 0; i < FT_SPRINGBOARD_SIZE; i++)
			CHECK_EQ(ft_near_owner(sp, at + i), site);
		CHECK_EQ(ft_near_owner(sp, at + FT_SPRINGBOARD_SIZE), -1);
	}
	CHECK_EQ(ft_near_owner(sp, bases[0] + FT_NEAR_FIRST - 1), -1);
	CHECK_EQ(ft_near_owner(sp, bases[0] - 1), -1);
	CHECK_EQ(ft_near_owner(sp, bases[1] + FT_NEAR_SIZE), -1);
	CHECK_EQ(ft_near_owner(sp, 0), -1);
	CHECK_EQ(ft_near_base(sp, bases[1] + 5), bases[1]);
	sp->nears.list[0].base = 0; /* gone */
	CHECK_EQ(ft_near_owner(sp, bases[0] + FT_NEAR_FIRST), -1);
	CHECK_EQ(ft_near_owner(sp, FT_NEAR_FIRST), -1);
	CHECK_EQ(ft_near_owner(sp, bases[1] + FT_NEAR_FIRST), 1);
	ft_near_free(&sp->nears);
	free(sp);
	check_group("a springboard's site is found from any place in it");
}

#define TEXT 0x400000ull
#define SITE (TEXT + 200)

static struct ft_site *site_of(struct ft_space *sp, enum ft_patch_kind kind)
{
	static const uint8_t program[FT_JMP_SIZE] = { 1, 2, 3, 4, 5 };
	struct ft_site *site;

	ft_sites_free(&sp->sites);
	site = ft_sites_add(&sp->sites, SITE);
	site->springboard = TEXT + 0x100000;
	site->patch.kind = (uint8_t)kind;
	site->patch.at = ft_patch_is_before(&site->patch) ? -5 : kind == FT_PATCH_PADDING ? 40 : 0;
	site->patch.padding = kind == FT_PATCH_PADDING ? 40 : 0;
	memcpy(site->original, program, FT_JMP_SIZE);
	memcpy(site->original_syscall, "\x0f\x05", 2);
	return site;
}

/* Whatever part of what is written the bytes hold. */
static void test_hide(void)
{
	static const uint8_t kinds[] = { FT_PATCH_MOV, FT_PATCH_BEFORE, FT_PATCH_PADDING,
		FT_PATCH_MOVED };
	struct ft_space *sp = calloc(1, sizeof(*sp));
	uint8_t text[512], program[512], bytes[512];

	for (int i = 0; i < 512; i++)
		program[i] = (uint8_t)(0x40 + i % 16);
	for (int k = 0; k < 4; k++)
		for (int foreign = 0; foreign < 2; foreign++)
			for (int from = 150; from < 250; from++)
				for (int n = 1; n < 60; n += 7) {
					struct ft_site *site = site_of(sp, kinds[k]);
					struct ft_rewrite r;

					memcpy(text, program, sizeof(text));
					ft_patch_bytes(site, &r);
					memcpy(text + (r.address - TEXT), r.bytes, r.len);
					memcpy(program + (r.address - TEXT),
						r.len == 2 ? site->original_syscall
							   : site->original,
						r.len);
					if (foreign) { /* not ours, so not to be touched */
						text[r.address - TEXT + r.len - 1]++;
						memcpy(program + (r.address - TEXT),
							text + (r.address - TEXT), r.len);
					}
					memcpy(bytes, text, sizeof(bytes));
					ft_patch_hide(sp, 0, TEXT + (uint64_t)from, bytes + from,
						(size_t)n);
					CHECK(!memcmp(bytes, text, (size_t)from));
					CHECK(!memcmp(bytes + from + n, text + from + n,
						(size_t)(512 - from - n)));
					/* Of a part that looks like ours nobody can tell. */
					if (!foreign ||
						(uint64_t)(from + n) >= r.address - TEXT + r.len)
						CHECK(!memcmp(
							bytes + from, program + from, (size_t)n));
					for (int i = 0; i < 512; i++)
						program[i] = (uint8_t)(0x40 + i % 16);
				}
	check_group("what patches wrote is hidden from those who look at the text");

	for (int state = 0; state < 4; state++)
		for (int own = 0; own < 2; own++) {
			struct ft_site *site = site_of(sp, FT_PATCH_PADDING);
			struct ft_rewrite r;

			site->patched = state & 1;
			ft_patch_padding_bytes(site, &r);
			memset(bytes, 0x90, sizeof(bytes));
			memcpy(bytes + 240, state & 2 ? r.bytes : site->original, FT_JMP_SIZE);
			ft_patch_hide(sp, own ? SITE : 0, TEXT, bytes, sizeof(bytes));
			/* Taken, but for the site itself; as it was if it is not, nor about to be. */
			if (own || !state)
				CHECK(!memcmp(bytes + 240, site->original, FT_JMP_SIZE));
			else
				CHECK(!memcmp(bytes + 240, "\xf4\xf4\xf4\xf4\xf4", FT_JMP_SIZE));
		}
	ft_sites_free(&sp->sites);
	free(sp);
	check_group("padding that one site has taken is none for another");
}

int main(void)
{
	test_sites();
	test_looked();
	test_due();
	test_files();
	test_programs();
	test_owners();
	test_hide();
	return check_result();
}
