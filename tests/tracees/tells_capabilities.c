/*
 * role: named
 * arch: x86_64
 *
 * Capabilities, read and asked for.
 */
#include "tells.h"

int main(void)
{
	unsigned header[2] = { 0x20080522, 0 }, old[2] = { 0x19980330, 0 }, odd[2] = { 7, -1 };
	unsigned data[6] = { 0, 0, 0xffffffff, 0, 0, 0xffffffff };

	syscall(SYS_capget, header, data);
	syscall(SYS_capget, old, data);
	syscall(SYS_capget, odd, data);
	syscall(SYS_capget, header, NULL);
	syscall(SYS_capget, header, WRONG);
	syscall(SYS_capget, WRONG, data);
	data[2] = data[5] = 0xffffffff;
	header[1] = 2147483647;
	syscall(SYS_capset, header, data);
	syscall(SYS_capset, header, WRONG);
	syscall(SYS_capset, NULL, NULL);
	return 0;
}
