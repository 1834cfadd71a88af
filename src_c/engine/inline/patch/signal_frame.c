#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/signal_frame.h"

#include <elf.h>
#include <string.h>

#include "engine/inline/patch/text.h"

#define SEGMENTS_MAX 64
#define ENTRIES_MAX  (1u << 24)

/* Linux Standard Base, .eh_frame_hdr, in the one form that linkers write; pointers: DW_EH_PE_*. */
struct header {
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	int32_t frame;
	uint32_t count;
};
struct entry { /* from the header's address; sorted by code */
	int32_t code, description;
};
#define UDATA4	       0x03
#define PCREL_SDATA4   0x1b
#define DATAREL_SDATA4 0x3b

/* The start of a frame's description (FDE), and of what several have in common (CIE). */
struct description {
	uint32_t length, common;
	int32_t code;
	uint32_t size;
};
struct common {
	uint32_t length, id;
	uint8_t version;
	char augmentation[4]; /* "zRS": with an encoding, of a signal's frame */
	uint8_t code_factor, data_factor, return_register, augmentation_length, encoding;
} __attribute__((packed));

static bool read_at(const struct ft_space *sp, uint64_t address, void *out, size_t size)
{
	return !ft_text_read(sp, address, out, size);
}

/* Where the header lies of the file that is mapped from `base` on. 0: none. */
static uint64_t find_header(const struct ft_space *sp, uint64_t base)
{
	uint64_t address = 0, first = 0;
	Elf64_Ehdr elf;

	if (!read_at(sp, base, &elf, sizeof(elf)) || memcmp(elf.e_ident, ELFMAG, SELFMAG) ||
		elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(Elf64_Phdr) ||
		elf.e_phnum > SEGMENTS_MAX)
		return 0;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr segment;

		if (!read_at(sp, base + elf.e_phoff + i * sizeof(segment), &segment,
			    sizeof(segment)))
			return 0;
		if (segment.p_type == PT_GNU_EH_FRAME)
			address = segment.p_vaddr;
		else if (segment.p_type == PT_LOAD && !segment.p_offset)
			first = segment.p_vaddr;
	}
	return address ? base + address - first : 0;
}

/* The last entry that begins at this address or before it. */
static bool find_entry(const struct ft_space *sp, uint64_t at, uint64_t address, struct entry *out)
{
	uint32_t low = 0, high;
	struct header header;

	if (!read_at(sp, at, &header, sizeof(header)) || header.version != 1 ||
		header.count_encoding != UDATA4 || header.table_encoding != DATAREL_SDATA4 ||
		header.count > ENTRIES_MAX)
		return false;
	high = header.count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct entry entry;

		if (!read_at(sp, at + sizeof(header) + middle * sizeof(entry), &entry,
			    sizeof(entry)))
			return false;
		if (at + (uint64_t)(int64_t)entry.code <= address) {
			*out = entry;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0;
}

bool ft_signal_frame_is_told(
	const struct ft_space *sp, const struct ft_mapping *text, uint64_t address)
{
	const uint64_t call = address - 1; /* which would have returned there */
	uint64_t header = find_header(sp, text->start - text->offset), at, start;
	struct description description;
	struct common common;
	struct entry entry = { 0 };

	if (!header || !find_entry(sp, header, call, &entry))
		return false;
	at = header + (uint64_t)(int64_t)entry.description;
	start = header + (uint64_t)(int64_t)entry.code;
	if (!read_at(sp, at, &description, sizeof(description)) ||
		!read_at(sp, at + sizeof(description.length) - description.common, &common,
			sizeof(common)))
		return false;
	return !common.id && common.version == 1 && !memcmp(common.augmentation, "zRS", 4) &&
	       common.encoding == PCREL_SDATA4 && call - start < description.size;
}
#endif
