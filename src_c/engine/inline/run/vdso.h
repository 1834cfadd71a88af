/*
 * Room for code that a new program is made to run: behind the vDSO, whose last page holds zeros from the end of its ELF
 * file on. Each 64-bit process has the same vDSO as we, and a copy of what is written to it of its own.
 */
#ifndef FT_VDSO_H
#define FT_VDSO_H

#include <stdint.h>

/* How far from its start a snippet has room. 0: there is none. */
uint32_t ft_vdso_end(void);

#endif
