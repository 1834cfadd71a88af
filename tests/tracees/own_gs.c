/* Uses gs for data of its own, by arch_prctl and where it may by wrgsbase, in threads and children, between calls.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <asm/prctl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/mman.h>

static bool fsgsbase;
static pthread_barrier_t all;

static void set_gs(unsigned long *base, bool by_call)
{
	if (by_call || !fsgsbase)
		expect(raw(SYS_arch_prctl, ARCH_SET_GS, base) == 0);
	else
		__asm__ volatile("wrgsbase %0" : : "r"(base) : "memory");
}

static unsigned long *get_gs(void)
{
	unsigned long *base, *now;

	expect(raw(SYS_arch_prctl, ARCH_GET_GS, &base) == 0);
	if (fsgsbase) {
		__asm__ volatile("rdgsbase %0" : "=r"(now) : : "memory");
		expect(now == base);
	}
	return base;
}

static unsigned long gs_8(void)
{
	unsigned long value;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(value) : : "memory");
	return value;
}

static void set_gs_8(unsigned long value)
{
	__asm__ volatile("movq %0, %%gs:8" : : "r"(value) : "memory");
}

static void calls(unsigned long *base)
{
	for (unsigned long i = 0; i < 100; i++) {
		set_gs_8(i);
		expect(raw(SYS_getppid) == getppid());
		expect(gs_8() == i && base[1] == i);
		base[1] = i + 1;
		expect(raw(SYS_nfsservctl) == -ENOSYS && access("/does/not/exist", R_OK) == -1);
		expect(gs_8() == i + 1);
		expect(get_gs() == base);
		munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
		expect(get_gs() == base && base[0] == 0x1111 && base[2] == 0x2222);
	}
}

static void both_ways(bool first)
{
	unsigned long base[3] = { 0x1111, 0, 0x2222 }, again[3] = { 0x1111, 0, 0x2222 };

	set_gs(base, first);
	calls(base);
	set_gs(again, !first);
	calls(again);
	expect(in_child(expect(get_gs() == again); calls(again)) == 0);
	expect(get_gs() == again);
	set_gs(NULL, first);
	expect(raw(SYS_getppid) == getppid());
	expect(get_gs() == NULL);
}

static void *run(void *arg)
{
	expect(get_gs() == arg);
	pthread_barrier_wait(&all);
	both_ways(true);
	both_ways(false);
	return NULL;
}

int main(void)
{
	static unsigned long mine[3] = { 0x1111, 0, 0x2222 };
	unsigned long *before;
	pthread_t t[4];

	fsgsbase = getauxval(AT_HWCAP2) & 2;
	expect(raw(SYS_arch_prctl, ARCH_GET_GS, &before) == 0 && !before);
	/* A bad base fails, and changes nothing. */
	expect(raw(SYS_arch_prctl, ARCH_SET_GS, -1L) == -EPERM);
	both_ways(true);
	both_ways(false);
	set_gs(mine, true);
	must_zero(pthread_barrier_init(&all, NULL, 4));
	for (int i = 0; i < 4; i++)
		must_zero(pthread_create(&t[i], NULL, run, mine));
	for (int i = 0; i < 4; i++)
		must_zero(pthread_join(t[i], NULL));
	calls(mine);
	puts("gs kept");
	return 0;
}
