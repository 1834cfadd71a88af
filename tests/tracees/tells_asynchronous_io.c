/*
 * role: named
 * arch: x86_64
 *
 * Asynchronous input and output.
 */
#include "tells.h"
#include <linux/aio_abi.h>

int main(void)
{
	aio_context_t context = 0;

	syscall(SYS_io_setup, 0, &context);
	syscall(SYS_io_setup, 5, WRONG);
	syscall(SYS_io_destroy, 5);
	syscall(SYS_io_submit, 5, 0, NULL);
	syscall(SYS_io_cancel, 5, NULL, NULL);
	syscall(SYS_io_getevents, 5, 1, 2, NULL, NULL);
	return 0;
}
