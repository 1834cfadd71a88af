#define _GNU_SOURCE
#include "python/interpreter.h"

#include <string.h>

#include "fasttrace.h"

#define LIBRARIES_MAX 16384u /* a list that leads round and round */
#define PART_MAX      0x100000u /* of an offset that the interpreter tells of */
#define FINAL 0xf0 /* in PY_VERSION_HEX: no alpha, beta or candidate, whose layouts still change */

static uint32_t minor_of(uint64_t hex)
{
	return hex >> 16 & 0xff;
}

static const struct ft_python_version *known(uint64_t hex, bool free_threaded)
{
	if (hex >> 24 != 3 || (hex & FINAL) != FINAL)
		return NULL;
	for (uint32_t i = 0; i < ft_python_version_count; i++)
		if (ft_python_versions[i].minor == minor_of(hex) &&
			ft_python_versions[i].free_threaded == free_threaded)
			return &ft_python_versions[i];
	return NULL;
}

/* From 3.13 on the runtime begins with a table of what lies where in it. */
static bool find_layout(
	struct ft_python_reads *r, uint64_t runtime, uint64_t hex, struct ft_python_layout *out)
{
	uint64_t words[FT_PYTHON_DEBUG_MAX] = { 0 };
	const struct ft_python_version *version;
	uint32_t *fields = (uint32_t *)out;

	if (minor_of(hex) >= FT_PYTHON_TELLS &&
		(!ft_python_read(r, runtime, words, sizeof(words)) ||
			memcmp(words, FT_PYTHON_COOKIE, sizeof(words[0])) != 0 || words[1] != hex))
		return false;
	version = known(hex, words[2] != 0);
	if (!version)
		return false;
	*out = version->layout;
	for (size_t i = 0; i < FT_PYTHON_FIELDS; i++) {
		uint64_t word = words[version->debug_word[i]];

		if (!version->debug_word[i])
			continue;
		if (word > PART_MAX)
			return false;
		fields[i] = (uint32_t)word;
	}
	return true;
}

/* Whether this program or library brings it. */
static bool brings(
	struct ft_python_reads *r, const struct ft_elf *elf, struct ft_python_interpreter *in)
{
	uint64_t hex, at;

	if (!ft_elf_symbol(r, elf, "_PyRuntime", &in->runtime))
		return false;
	in->state = FT_PYTHON_NEVER;
	in->unread = FT_PYTHON_OLD;
	if (!ft_elf_symbol(r, elf, "Py_Version", &at) || !ft_python_read_word(r, at, &hex))
		return true;
	in->unread = (uint32_t)hex;
	if (ft_elf_symbol(r, elf, "PyCode_Type", &in->code_type) &&
		find_layout(r, in->runtime, hex, &in->layout)) {
		in->state = FT_PYTHON_FOUND;
		in->unread = FT_PYTHON_READ;
	}
	return true;
}

void ft_python_look(struct ft_python_reads *r, struct ft_python_interpreter *in,
	const uint8_t *auxv, size_t size)
{
	struct ft_elf library;

	if (in->state == FT_PYTHON_UNSEEN) {
		in->state = FT_PYTHON_ABSENT;
		if (!ft_elf_program(r, auxv, size, &in->program))
			in->state = FT_PYTHON_NEVER;
		else
			brings(r, &in->program, in);
	}
	while (in->state == FT_PYTHON_ABSENT && ft_elf_next(r, &in->program, &in->list, &library)) {
		if (++in->libraries > LIBRARIES_MAX)
			in->state = FT_PYTHON_NEVER;
		else if (library.dynamic != in->program.dynamic)
			brings(r, &library, in);
	}
}
