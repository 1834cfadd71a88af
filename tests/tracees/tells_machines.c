/*
 * role: named
 *
 * What ioctl(2) tells of a virtual processor's registers and of what it says that it is, told to what is none.
 */
#include "tells.h"
#include <linux/kvm.h>
#include <sys/ioctl.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union {
	struct kvm_regs registers;
	struct kvm_sregs special;
	struct kvm_cpuid2 says;
	uint32_t words[PAGE / 4];
} m;

static void ask(unsigned long command, size_t size)
{
	ioctl(-1, command, at_the_end(&m, size));
	ioctl(-1, command, at_the_end(&m, size - 1));
	ioctl(-1, command, WRONG);
	ioctl(-1, command, NULL);
}

static void all(void)
{
	ask(KVM_GET_REGS, sizeof(m.registers));
	ask(KVM_SET_REGS, sizeof(m.registers));
	ask(KVM_GET_SREGS, sizeof(m.special));
	ask(KVM_SET_SREGS, sizeof(m.special));
	ask(KVM_GET_SUPPORTED_CPUID, sizeof(m.says));
	ask(KVM_GET_EMULATED_CPUID, sizeof(m.says));
	ask(KVM_SET_CPUID2, sizeof(m.says));
}

int main(void)
{
	all();
	for (unsigned i = 0; i < COUNT(m.words); i++)
		m.words[i] = 0xfffffff0 + i % 19;
	all();
	for (unsigned i = 0; i < COUNT(m.words); i++)
		m.words[i] = i * 0x01020305;
	all();
	m.says.nent = 3;
	ask(KVM_SET_CPUID2, sizeof(m.says) + 3 * sizeof(m.says.entries[0]));
	ask(KVM_SET_CPUID2, sizeof(m.says) + 2 * sizeof(m.says.entries[0]));
	m.says.nent = 0;
	ask(KVM_SET_CPUID2, sizeof(m.says));
	m.says.nent = 0xffffffff;
	ask(KVM_SET_CPUID2, PAGE - 8);
	return 0;
}
