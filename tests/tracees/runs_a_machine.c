/*
 * role: named
 * arch: x86_64
 *
 * A virtual machine of one page, whose first processor writes to a port and to memory that is not there, and halts; what it
 * tells of the second is not mapped. 77: there may be none.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static const uint8_t code[] = {
	0xba,
	0xf8,
	0x03, /* mov dx, 0x3f8 */
	0xee, /* out dx, al */
	0xa2,
	0x00,
	0x80, /* mov [0x8000], al */
	0xf4, /* hlt */
};

static int give_memory(int vm)
{
	struct kvm_userspace_memory_region region = { .guest_phys_addr = 0x1000,
		.memory_size = 4096 };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -1;
	memcpy(page, code, sizeof(code));
	region.userspace_addr = (uint64_t)(uintptr_t)page;
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, 0);
	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void begin_at(int cpu, uint64_t address)
{
	struct kvm_regs registers = { .rip = address, .rflags = 2 };
	struct kvm_sregs special;

	ioctl(cpu, KVM_GET_SREGS, &special);
	special.cs.base = special.cs.selector = 0;
	ioctl(cpu, KVM_SET_SREGS, &special);
	ioctl(cpu, KVM_SET_REGS, &registers);
	ioctl(cpu, KVM_GET_REGS, &registers);
}

/* The processor is said to be one that KVM can do, as far as there is room. */
static void say_what_it_is(int kvm, int cpu)
{
	struct {
		struct kvm_cpuid2 says;
		struct kvm_cpuid_entry2 entries[100];
	} m = { .says.nent = 1 };

	ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &m);
	m.says.nent = 100;
	ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &m);
	ioctl(cpu, KVM_SET_CPUID2, &m);
	m.says.nent = 100;
	ioctl(kvm, KVM_GET_EMULATED_CPUID, &m);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), cpu, other;

	if (vm < 0 || give_memory(vm))
		return 77;
	cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	other = ioctl(vm, KVM_CREATE_VCPU, 1);
	if (mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0) == MAP_FAILED)
		return 77;
	say_what_it_is(kvm, cpu);
	begin_at(cpu, 0x1000);
	ioctl(other, KVM_RUN, 0);
	for (int i = 0; i < 3; i++)
		ioctl(cpu, KVM_RUN, 0);
	ioctl(cpu, KVM_RUN, 1);
	ioctl(vm, KVM_RUN, 0);
	ioctl(-1, KVM_RUN, 0);
	return 0;
}
