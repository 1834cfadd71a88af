/* What ioctl(2) tells of virtual machines (linux/kvm.h), where that needs code. */
#include "decode/families.h"
#include "decode/walk.h"

#define HEAD_SIZE  8u /* struct kvm_cpuid2, without its entries */
#define ENTRY_SIZE 40u /* struct kvm_cpuid_entry2 */

static void show_entry(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	const struct ft_memory memory = { .address = from, .data = data, .length = ENTRY_SIZE };

	ft_walk_struct(walk, FT_STRUCT_KVM_CPUID_ENTRY, &memory);
}

/* How many there are comes first. */
bool ft_read_kvm_cpuid_entries(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t count;

	if (memory->length < HEAD_SIZE)
		return false;
	count = ft_load(memory->data, 4);
	if (walk->is_whole) {
		ft_list_shown(walk, memory->address + HEAD_SIZE, count, ENTRY_SIZE, memory->after,
			show_entry);
		return true;
	}
	ft_open(walk, "[");
	if (count)
		ft_more(walk);
	ft_close(walk, "]");
	return true;
}
