/*
 * role: named
 * arch: x86_64
 *
 * Keys of the kernel.
 */
#include "tells.h"
#include <linux/keyctl.h>

int main(void)
{
	syscall(SYS_add_key, "nothing", "description", "payload", 7, 0);
	syscall(SYS_add_key, WRONG, NULL, WRONG, 5, 77);
	syscall(SYS_request_key, "nothing", "description", NULL, 0);
	syscall(SYS_keyctl, KEYCTL_REVOKE, 2147483647);
	syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 2147483647, 0);
	return 0;
}
