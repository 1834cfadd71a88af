/* Makes code that the tracer has placed in it an endless loop, then a site that needs that code to be patched.
 * role: enemy
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE ((unsigned char *)0x7e9000000000) /* docs/inline.md */
#define SIZE 0x1000

/* A site that can be patched while other threads are there: getppid. */
#define new_site() __asm__ volatile("mov $110, %%eax\n syscall\n nop" ::: "rax", "rcx", "r11")

static volatile int waiting;

static void *waits(void *arg)
{
	waiting = 1;
	for (;;)
		pause();
	return arg;
}

int main(void)
{
	static const unsigned char mprotect_follows[] = { 0xb8, 10, 0, 0, 0 }; /* mov $10, %eax */
	pthread_t thread;

	must_zero(
		pthread_create(&thread, NULL, waits, NULL)); /* alone it could be patched without */
	while (!waiting)
		sched_yield();
	if (mprotect(CODE, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return 3; /* not inline */
	for (int i = 0; i < SIZE - 5; i++)
		if (!memcmp(CODE + i, mprotect_follows, sizeof(mprotect_follows)))
			memcpy(CODE + i, "\xeb\xfe", 2); /* jmp . */
	new_site();
	new_site();
	new_site();
	return 0;
}
