/*
 * A program that lies where springboards near its loader would, if addresses are not random.
 * build: -no-pie -fno-pie -mcmodel=large -Wl,--section-start=.gap=0x7fffb4000000
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE 0x10000

static volatile char gap[SIZE] __attribute__((section(".gap"), aligned(4096))) = { 1 };

int main(void)
{
	int sum = 0;

	for (int i = 0; i < SIZE; i++)
		sum += gap[i];
	for (int i = 0; i < 1000; i++)
		sum += getppid() < 1;
	printf("%p %d\n", (void *)gap, sum);
	return 0;
}
