/* A position-independent program with a syscall instruction of its own, far from all libraries.
 * args: 5000
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

static long getppid_here(void)
{
	long ret;

	__asm__ volatile("mov $110, %%eax; syscall" : "=a"(ret) : : "rcx", "r11", "memory");
	return ret;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000, sum = 0;

	for (long i = 0; i < n; i++)
		sum += getppid_here() > 0;
	printf("%ld\n", sum);
	return 0;
}
