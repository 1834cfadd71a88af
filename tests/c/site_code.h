/* Code around a site, from bytes in hex, and what is found out about it. */
#ifndef FT_SITE_CODE_H
#define FT_SITE_CODE_H

#include "arch/x86_64/site.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define GETPID	 39
#define MOV	 "b8 27 00 00 00"
#define MOV_LONG "48 c7 c0 27 00 00 00"
#define SYSCALL	 "| 0f 05 "
#define CMP	 "48 3d 00 f0 ff ff "
#define FILLER	 "48 89 c3 " /* mov %rax, %rbx; from whatever start, decoding is right soon */
#define FILLERS	 FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER
#define START	 FILLERS FILLERS FILLERS
#define NOP_8	 "0f 1f 84 00 00 00 00 00 "
#define END	 "c3 31 c0 c3 " /* and nothing that could be taken for padding */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static inline uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

/* In memory of just that size: AddressSanitizer sees to it that nothing else is read. */
static inline struct ft_patch analyse_bytes(const uint8_t *bytes, size_t before, size_t after,
	uint64_t address, uint32_t nr, bool alone)
{
	uint8_t *copy = malloc(before + after);
	struct ft_patch patch;

	memcpy(copy, bytes, before + after);
	memset(&patch, 0xa5, sizeof(patch));
	ft_site_analyse(copy + before, before, after, address, nr, alone, &patch);
	free(copy);
	return patch;
}

static uint8_t code[2048];
static size_t code_len, code_site;

/* Bytes in hex; a bar stands before the site. */
static inline void assemble(const char *hex)
{
	code_len = 0;
	for (; *hex; hex++) {
		char *end;

		if (*hex == '|')
			code_site = code_len;
		if (*hex == ' ' || *hex == '|')
			continue;
		code[code_len++] = (uint8_t)strtoul(hex, &end, 16);
		hex = end - 1;
	}
}

static inline struct ft_patch analyse_at(const char *hex, uint64_t address, bool alone)
{
	assemble(hex);
	return analyse_bytes(code, code_site, code_len - code_site, address, GETPID, alone);
}

/* At an address where no padding ends that is not meant as such. */
static inline struct ft_patch analyse(const char *hex)
{
	return analyse_at(hex, 0x401000, false);
}

#endif
