/*
 * role: named
 * arch: x86_64
 *
 * process_vm_readv(2) and the like, of nobody.
 */
#include "tells.h"
#include <sys/uio.h>

int main(void)
{
	struct iovec local[2] = { { "abc", 3 }, { WRONG, 5 } }, remote = { WRONG, 3 };

	syscall(SYS_process_vm_readv, 0, local, 2, &remote, 1, 0);
	syscall(SYS_process_vm_writev, 0, local, 2, &remote, 1, 0);
	syscall(SYS_process_vm_writev, -1, local, 0, NULL, 0, 5);
	syscall(SYS_process_vm_readv, -1, WRONG, 1, WRONG, 1, 0);
	return 0;
}
