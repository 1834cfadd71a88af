/* Patches are taken back: of a site, of a whole space, of the copy of one that a fork made. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/undo.h"

#include <errno.h>
#include <string.h>

#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"

#define INT3 0xcc
#define HLT  0xf4 /* no padding, and control does not go on from it */

static uint64_t padding_address(const struct ft_site *site)
{
	return site->address + (uint64_t)(int64_t)site->patch.padding;
}

uint64_t ft_patch_address(const struct ft_site *site)
{
	return ft_patch_is_before(&site->patch) ? site->address + (uint64_t)(int64_t)site->patch.at
						: site->address;
}

void ft_patch_bytes(const struct ft_site *site, struct ft_rewrite *out)
{
	out->address = ft_patch_address(site);
	out->len = FT_JMP_SIZE;
	if (site->patch.kind != FT_PATCH_PADDING) {
		ft_site_jmp(out->address, site->springboard, out->bytes);
		return;
	}
	out->len = 2;
	out->bytes[0] = 0xeb; /* jmp rel8 */
	out->bytes[1] = (uint8_t)(site->patch.padding - 2);
}

bool ft_patch_padding_bytes(const struct ft_site *site, struct ft_rewrite *out)
{
	if (site->patch.kind != FT_PATCH_PADDING)
		return false;
	out->address = padding_address(site);
	out->len = FT_JMP_SIZE;
	ft_site_jmp(out->address, site->springboard, out->bytes);
	return true;
}

static void original_bytes(const struct ft_site *site, struct ft_rewrite *out)
{
	out->address = ft_patch_address(site);
	out->len = site->patch.kind == FT_PATCH_PADDING ? 2 : FT_JMP_SIZE;
	memcpy(out->bytes,
		site->patch.kind == FT_PATCH_PADDING ? site->original_syscall : site->original,
		out->len);
}

/* 1: these bytes stand there; 0: others do, or nothing; -ESRCH. */
static int stands(const struct ft_space *sp, const struct ft_rewrite *r)
{
	uint8_t now[FT_JMP_SIZE];
	int rc = ft_text_read(sp, r->address, now, r->len);

	if (rc)
		return rc == -ESRCH ? rc : 0;
	return !memcmp(now, r->bytes, r->len);
}

bool ft_patch_is_in_place(const struct ft_space *sp, const struct ft_site *site)
{
	struct ft_rewrite r;

	ft_patch_bytes(site, &r);
	return stands(sp, &r) == 1 && (!ft_patch_padding_bytes(site, &r) || stands(sp, &r) == 1);
}

int ft_patch_undo(struct ft_session *s, struct ft_task *t, struct ft_site *site)
{
	struct ft_space *sp = t->in->space;
	struct ft_rewrite one;
	int rc = 0;

	if (!site->patched)
		return 0;
	if (ft_patch_is_in_place(sp, site)) {
		original_bytes(site, &one);
		rc = ft_text_rewrite(s, t, sp, &one, 1);
	}
	site->patched = false;
	if (site->unpatched < FT_UNPATCH_MAX)
		site->unpatched++;
	return rc;
}

int ft_patch_undo_all(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	struct ft_rewrite list[FT_REWRITES_MAX] = { 0 };
	int n = 0, rc = 0;

	for (uint32_t i = 0; i < sp->sites.count; i++) {
		struct ft_site *site = &sp->sites.list[i];

		if (site->patched && ft_patch_is_in_place(sp, site))
			original_bytes(site, &list[n++]);
		site->patched = false;
		if (n == FT_REWRITES_MAX || i + 1 == sp->sites.count) {
			int one = ft_text_rewrite(s, t, sp, list, n);

			rc = rc ? rc : one;
			n = 0;
		}
	}
	return rc;
}

static void undo_padding(const struct ft_space *sp, const struct ft_site *site)
{
	struct ft_rewrite padding;

	if (ft_patch_padding_bytes(site, &padding) && stands(sp, &padding) == 1)
		ft_text_write(sp, padding.address, site->original, FT_JMP_SIZE);
}

void ft_patch_undo_padding(const struct ft_space *sp)
{
	for (uint32_t i = 0; i < sp->sites.count; i++)
		undo_padding(sp, &sp->sites.list[i]);
}

/* Replaces what of r lies among the bytes by other ones, if it is that, or what the program has there. */
static void hide(const struct ft_rewrite *r, const uint8_t *program, const uint8_t *by,
	uint64_t address, uint8_t *bytes, size_t n)
{
	bool is_ours = true, is_program = program != NULL;

	for (uint64_t i = 0; i < r->len; i++) {
		uint64_t at = r->address + i - address;

		is_ours &= at >= n || bytes[at] == r->bytes[i];
		is_program = is_program && (at >= n || bytes[at] == program[i]);
	}
	for (uint64_t i = 0; (is_ours || is_program) && i < r->len; i++)
		if (r->address + i - address < n)
			bytes[r->address + i - address] = by[i];
}

void ft_patch_hide(
	const struct ft_space *sp, uint64_t own, uint64_t address, uint8_t *bytes, size_t n)
{
	static const uint8_t taken[FT_JMP_SIZE] = { HLT, HLT, HLT, HLT, HLT };
	struct ft_sites_walk walk =
		ft_sites_from(&sp->sites, address - FT_PATCH_REACH, address + n + FT_PATCH_REACH);
	struct ft_rewrite ours, original;
	const struct ft_site *site;

	while ((site = ft_sites_next(&walk))) {
		ft_patch_bytes(site, &ours);
		original_bytes(site, &original);
		hide(&ours, NULL, original.bytes, address, bytes, n);
		if (!ft_patch_padding_bytes(site, &ours))
			continue;
		if (site->address == own)
			hide(&ours, NULL, site->original, address, bytes, n);
		else /* that of one that is about to be patched is not written yet */
			hide(&ours, site->patched ? site->original : NULL, taken, address, bytes,
				n);
	}
}

static bool has_springboard(const struct ft_space *sp, const struct ft_site *site)
{
	uint8_t code[FT_SPRINGBOARD_SIZE], now[FT_SPRINGBOARD_SIZE], tail;
	uint64_t near = ft_near_base(sp, site->springboard);
	size_t len;

	if (!near)
		return false;
	len = ft_site_springboard(
		&site->patch, site->address, site->springboard, near + FT_NEAR_SLOT, code, &tail);
	return !ft_text_read(sp, site->springboard, now, len) && !memcmp(now, code, len);
}

/* Whether the bytes are what a patch or its undoing leaves when it is cut off. */
static bool is_half_written(
	const uint8_t *now, const struct ft_rewrite *jmp, const struct ft_rewrite *original)
{
	for (int i = 0; i < jmp->len; i++)
		if (now[i] != jmp->bytes[i] && now[i] != original->bytes[i] &&
			(i || now[i] != INT3))
			return false;
	return true;
}

static int mend_site(const struct ft_space *sp, struct ft_site *site)
{
	struct ft_rewrite jmp, original;
	uint8_t now[FT_JMP_SIZE];
	int rc;

	ft_patch_bytes(site, &jmp);
	original_bytes(site, &original);
	site->patched = has_springboard(sp, site) && ft_patch_is_in_place(sp, site);
	if (site->patched)
		return 0;
	rc = ft_text_read(sp, jmp.address, now, jmp.len);
	if (rc)
		return rc == -EFAULT ? 0 : rc; /* nothing of ours is left there */
	if (!is_half_written(now, &jmp, &original))
		return 0;
	if (memcmp(now, original.bytes, original.len))
		rc = ft_text_write(sp, original.address, original.bytes, original.len);
	if (!rc)
		undo_padding(sp, site);
	return rc;
}

int ft_patch_mend(struct ft_session *s, struct ft_space *sp)
{
	int rc = ft_near_check(s, sp);

	for (uint32_t i = 0; !rc && i < sp->sites.count; i++)
		rc = mend_site(sp, &sp->sites.list[i]);
	return rc;
}

struct ft_site *ft_patch_of_padding(const struct ft_space *sp, uint64_t ip)
{
	struct ft_sites_walk walk =
		ft_sites_from(&sp->sites, ip - FT_PATCH_REACH, ip + FT_PATCH_REACH);
	struct ft_site *site;

	while ((site = ft_sites_next(&walk)))
		if (site->patch.kind == FT_PATCH_PADDING && padding_address(site) == ip)
			return site;
	return NULL;
}

struct ft_site *ft_patch_of_springboard(const struct ft_space *sp, uint64_t ip)
{
	int32_t owner = ft_near_owner(sp, ip);
	struct ft_site *site = owner < 0 ? NULL : &sp->sites.list[owner];

	return site && ip - site->springboard < site->springboard_len ? site : NULL;
}

bool ft_patch_rewind(const struct ft_space *sp, uint64_t ip, uint64_t *to)
{
	struct ft_sites_walk walk = ft_sites_from(&sp->sites, ip - 1, ip + FT_MOVED_MAX);
	const struct ft_site *site;
	uint8_t now;

	while ((site = ft_sites_next(&walk)))
		if (ft_patch_address(site) == ip - 1) {
			*to = ip - 1;
			return !ft_text_read(sp, ip - 1, &now, 1) && now != INT3;
		}
	return false;
}
#endif
