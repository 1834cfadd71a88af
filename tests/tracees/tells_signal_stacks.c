/*
 * role: named
 * arch: x86_64
 *
 * Alternate stacks.
 */
#include "tells.h"
#include <signal.h>

int main(void)
{
	static char memory[65536];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) }, old;

	sigaltstack(&stack, NULL);
	sigaltstack(NULL, &old);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, &old);
	stack.ss_flags = 0x77;
	sigaltstack(&stack, &old);
	stack.ss_flags = 0;
	stack.ss_size = 1;
	sigaltstack(&stack, NULL);
	sigaltstack(WRONG, WRONG);
	return 0;
}
