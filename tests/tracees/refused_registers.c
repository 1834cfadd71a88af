/* Holds what PTRACE_SETREGS refuses, in its calls: bases of fs and gs in the kernel's half, a null selector of another
 * privilege.
 * arch: x86_64
 * build: -mfsgsbase
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <immintrin.h>
#include <sys/auxv.h>

#define KERNEL_HALF 0xffff800000000000ul

/* Raw calls only: libc's errno is behind fs. */
static long calls(void)
{
	long sum = 0;

	for (int i = 0; i < 3; i++)
		sum += raw(SYS_getppid) > 0;
	sum += raw(SYS_getuid) >= 0;
	sum += raw(SYS_close, -1) == -9;
	return sum;
}

static long under_fs(void)
{
	unsigned long before = _readfsbase_u64();
	long sum;

	_writefsbase_u64(KERNEL_HALF);
	sum = calls();
	_writefsbase_u64(before);
	return sum;
}

static long under_gs(void)
{
	long sum;

	_writegsbase_u64(KERNEL_HALF);
	sum = calls();
	expect(_readgsbase_u64() == KERNEL_HALF);
	_writegsbase_u64(0);
	return sum + calls();
}

static long under_es(void)
{
	__asm__ volatile("mov %w0, %%es" : : "r"(1));
	return calls();
}

int main(void)
{
	expect(under_es() == 5);
	if (getauxval(AT_HWCAP2) & 2) { /* HWCAP2_FSGSBASE */
		expect(under_fs() == 5);
		expect(in_child(expect(under_fs() == 5)) == 0);
		expect(under_gs() == 10);
	}
	expect(calls() == 5);
	return 0;
}
