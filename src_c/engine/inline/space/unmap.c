#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/unmap.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/mem.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/memory.h"
#include "kernel/proc.h"

#define PAGE 4096u

/* Bytes that look like a syscall instruction are one when they run. */
uint64_t ft_unmap_vdso_call(struct ft_space *sp)
{
	uint64_t auxv[2 * 64], base = 0;
	uint8_t code[2 * PAGE];
	ssize_t n;

	if (sp->vdso_call)
		return sp->vdso_call;
	n = ft_proc_read(sp->pid, "auxv", (char *)auxv, sizeof(auxv));
	for (ssize_t i = 0; i + 1 < n / (ssize_t)sizeof(uint64_t); i += 2)
		if (auxv[i] == AT_SYSINFO_EHDR)
			base = auxv[i + 1];
	n = base ? pread(ft_mem_of(sp), code, sizeof(code), (off_t)base) : 0;
	for (ssize_t i = 0; i + 1 < n && !sp->vdso_call; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05)
			sp->vdso_call = base + (uint64_t)i;
	return sp->vdso_call;
}

/* One that the program has made a call by, or one of the vDSO's. */
static uint64_t find_syscall(struct ft_space *sp)
{
	static const uint8_t insn[] = { 0x0f, 0x05 };
	uint8_t now[sizeof(insn)];

	for (uint32_t i = 0; i < sp->sites.count; i++) {
		const struct ft_site *site = &sp->sites.list[i];

		if (!site->patched && !ft_text_read(sp, site->address, now, sizeof(now)) &&
			!memcmp(now, insn, sizeof(insn)))
			return site->address;
	}
	return ft_unmap_vdso_call(sp);
}

bool ft_unmap_one(struct ft_session *s, struct ft_task *t, const struct ft_space *sp, uint64_t insn,
	uint64_t at, uint64_t size)
{
	const uint64_t args[6] = { at, size };
	int64_t result;

	return (sp->ignores_traps ? ft_run_silently(s, t, insn, SYS_munmap, args, &result)
				  : ft_run_call(s, t, insn, SYS_munmap, args, &result)) == 0;
}

void ft_space_unmap(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	uint64_t insn = sp->spoiled ? 0 : find_syscall(sp);
	bool ok = insn;

	/* Where it cannot be done, as in a task that is being killed, it need not be. */
	for (int i = 0; ok && i < sp->nears.count; i++)
		ok = !sp->nears.list[i].base ||
		     ft_unmap_one(s, t, sp, insn, sp->nears.list[i].base, FT_NEAR_SIZE);
	if (ok && sp->mapped)
		ok = ft_unmap_one(
			s, t, sp, insn, FT_MEMORY_BASE, (uint64_t)sp->mapped * FT_AREA_STEP);
	if (ok)
		ft_unmap_one(s, t, sp, insn, FT_RECORDER_BASE, FT_RECORDER_SIZE);
}
#endif
