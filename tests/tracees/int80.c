/* A 64-bit program that makes i386 calls by int 0x80, in turn with its own.
 * arch: x86_64
 */
#include "must.h"
#include <unistd.h>

static long int80(long nr, long a)
{
	long ret;

	__asm__ volatile("int $0x80"
		: "=a"(ret)
		: "a"(nr), "b"(a)
		: "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(void)
{
	int same = 0;

	for (int i = 0; i < 10; i++)
		same += int80(20, 0) == getpid(); /* 20: getpid there, writev here */
	printf("same %d, close %ld\n", same, int80(6, 77));
	return 0;
}
