#define _GNU_SOURCE
#include "python/elf.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

#define HEADERS_MAX 64
#define DYNAMIC_MAX 256 /* entries */
#define AT_ONCE	    16
#define NEEDED_MAX  32
#define CHAIN_MAX   4096 /* symbols of one bucket */
#define TEXT_MAX    64

/* Of struct link_map and struct r_debug, which debuggers know as <link.h> has them: in words. */
enum { LINK_BASE, LINK_NAME, LINK_DYNAMIC, LINK_NEXT, LINK_WORDS };
#define DEBUG_MAP 8 /* bytes: r_debug.r_map */

static_assert(LINK_WORDS == sizeof(((struct ft_elf_list *)0)->words) / sizeof(uint64_t), "entry");

/* The C library may have added the base already, or not. */
static uint64_t absolute(const struct ft_elf *elf, uint64_t value)
{
	return value < elf->base ? value + elf->base : value;
}

static void note_entry(struct ft_elf *elf, const Elf64_Dyn *entry)
{
	switch (entry->d_tag) {
	case DT_SYMTAB:
		elf->symbols = absolute(elf, entry->d_un.d_ptr);
		break;
	case DT_STRTAB:
		elf->strings = absolute(elf, entry->d_un.d_ptr);
		break;
	case DT_GNU_HASH:
		elf->hash = absolute(elf, entry->d_un.d_ptr);
		break;
	case DT_DEBUG:
		elf->debug = entry->d_un.d_ptr;
		break;
	default:
		break;
	}
}

/* Whether this text stands there; prefix: and may go on. */
static bool is_text(struct ft_python_reads *r, uint64_t address, const char *text, bool prefix)
{
	char there[TEXT_MAX];
	size_t size = strlen(text) + !prefix;

	return size <= sizeof(there) && ft_python_read(r, address, there, size) &&
	       !memcmp(there, text, size);
}

/* Some entries of the dynamic section at once, or, near the end of what can be read, one. */
static int read_entries(struct ft_python_reads *r, uint64_t address, Elf64_Dyn out[AT_ONCE])
{
	if (ft_python_read(r, address, out, AT_ONCE * sizeof(*out)))
		return AT_ONCE;
	return ft_python_read(r, address, out, sizeof(*out));
}

static void open_at(struct ft_python_reads *r, uint64_t base, uint64_t dynamic, struct ft_elf *out)
{
	uint64_t needed[NEEDED_MAX];
	Elf64_Dyn entries[AT_ONCE];
	int n, needed_count = 0;

	*out = (struct ft_elf){ .base = base, .dynamic = dynamic };
	for (int i = 0; i < DYNAMIC_MAX; i += n) {
		n = read_entries(r, dynamic + (uint64_t)i * sizeof(entries[0]), entries);
		for (int k = 0; k < n; k++) {
			if (entries[k].d_tag == DT_NULL)
				n = 0;
			else if (entries[k].d_tag != DT_NEEDED)
				note_entry(out, &entries[k]);
			else if (needed_count < NEEDED_MAX)
				needed[needed_count++] = entries[k].d_un.d_val;
		}
		if (!n)
			break;
	}
	for (int i = 0; i < needed_count && out->strings && !out->needs_python; i++)
		out->needs_python = is_text(r, out->strings + needed[i], "libpython", true);
}

bool ft_elf_program(struct ft_python_reads *r, const uint8_t *auxv, size_t size, struct ft_elf *out)
{
	uint64_t at = 0, count = 0, entry_size = 0, own = 0, dynamic = 0;
	bool relocates = false;
	Elf64_auxv_t aux;

	for (size_t i = 0; i + sizeof(aux) <= size; i += sizeof(aux)) {
		memcpy(&aux, auxv + i, sizeof(aux));
		if (aux.a_type == AT_PHDR)
			at = aux.a_un.a_val;
		else if (aux.a_type == AT_PHNUM)
			count = aux.a_un.a_val;
		else if (aux.a_type == AT_PHENT)
			entry_size = aux.a_un.a_val;
	}
	if (entry_size != sizeof(Elf64_Phdr) || count > HEADERS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		Elf64_Phdr head;

		if (!ft_python_read(r, at + i * sizeof(head), &head, sizeof(head)))
			return false;
		if (head.p_type == PT_PHDR) {
			own = head.p_vaddr;
			relocates = true;
		} else if (head.p_type == PT_DYNAMIC) {
			dynamic = head.p_vaddr;
		}
	}
	if (!dynamic)
		return false;
	open_at(r, relocates ? at - own : 0, (relocates ? at - own : 0) + dynamic, out);
	return true;
}

static uint32_t hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (uint8_t)*name;
	return h;
}

/* DT_GNU_HASH: head, a Bloom filter of 64-bit words, buckets, then a hash for each symbol from `first` on. */
bool ft_elf_symbol(
	struct ft_python_reads *r, const struct ft_elf *elf, const char *name, uint64_t *out)
{
	struct {
		uint32_t buckets, first, filter_words, shift;
	} head;
	uint32_t hash = hash_of(name), index, entry;
	uint64_t filter, buckets, chain;
	Elf64_Sym symbol;

	if (!elf->symbols || !elf->strings || !elf->hash ||
		!ft_python_read(r, elf->hash, &head, sizeof(head)))
		return false;
	if (!head.buckets || !head.filter_words || head.shift > 31)
		return false;
	if (!ft_python_read_word(r,
		    elf->hash + sizeof(head) + (uint64_t)(hash / 64 % head.filter_words) * 8,
		    &filter) ||
		!(filter >> hash % 64 & filter >> (hash >> head.shift) % 64 & 1))
		return false;
	buckets = elf->hash + sizeof(head) + (uint64_t)head.filter_words * 8;
	chain = buckets + (uint64_t)head.buckets * 4;
	if (!ft_python_read(r, buckets + (uint64_t)(hash % head.buckets) * 4, &index, 4) ||
		index < head.first)
		return false;
	for (int i = 0; i < CHAIN_MAX; i++, index++) {
		if (!ft_python_read(r, chain + (uint64_t)(index - head.first) * 4, &entry, 4))
			return false;
		if ((entry | 1) == (hash | 1)) {
			if (!ft_python_read(r, elf->symbols + (uint64_t)index * sizeof(symbol),
				    &symbol, sizeof(symbol)))
				return false;
			if (symbol.st_shndx != SHN_UNDEF &&
				is_text(r, elf->strings + symbol.st_name, name, false)) {
				*out = elf->base + symbol.st_value;
				return true;
			}
		}
		if (entry & 1) /* the last of its bucket */
			return false;
	}
	return false;
}

/* The first entry of the dynamic linker's list; 0: it has not begun it yet. */
static uint64_t first_entry(struct ft_python_reads *r, struct ft_elf *program)
{
	uint64_t first;

	if (!program->debug)
		open_at(r, program->base, program->dynamic, program);
	if (!program->debug || !ft_python_read_word(r, program->debug + DEBUG_MAP, &first))
		return 0;
	return first;
}

bool ft_elf_next(struct ft_python_reads *r, struct ft_elf *program, struct ft_elf_list *list,
	struct ft_elf *out)
{
	uint64_t words[LINK_WORDS], next;

	if (!list->last) {
		next = first_entry(r, program);
	} else if (ft_python_read(r, list->last, words, sizeof(words)) &&
		   words[LINK_BASE] == list->words[LINK_BASE] &&
		   words[LINK_DYNAMIC] == list->words[LINK_DYNAMIC]) {
		next = words[LINK_NEXT];
	} else { /* it was unloaded */
		list->last = 0;
		return false;
	}
	if (!next || !ft_python_read(r, next, words, sizeof(words)) || !words[LINK_DYNAMIC])
		return false;
	list->last = next;
	memcpy(list->words, words, sizeof(words));
	open_at(r, words[LINK_BASE], words[LINK_DYNAMIC], out);
	return true;
}
