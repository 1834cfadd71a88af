#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/vdso.h"

#include <elf.h>
#include <sys/auxv.h>

#include "engine/inline/run/snippet.h"

#define PAGE 4096u

uint32_t ft_vdso_end(void)
{
	const uint8_t *vdso = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)vdso;
	uint32_t end, last;

	if (!vdso || header->e_shoff > 16 * PAGE)
		return 0;
	end = (uint32_t)header->e_shoff + header->e_shnum * header->e_shentsize;
	last = (end + PAGE - 1) / PAGE * PAGE;
	if (!header->e_shnum || end + sizeof(((struct ft_snippet *)0)->code) > last)
		return 0;
	for (uint32_t at = end; at < last; at++)
		if (vdso[at])
			return 0;
	return end;
}
#endif
