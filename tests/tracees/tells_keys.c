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
	const int dh[3] = { 2147483645, 2147483646, 2147483647 };
	const struct {
		const char *hash, *other;
		unsigned length, spare[8];
	} kdf = { "sha256", "other", 5, { 0 } };
	char data[64] = "";

	syscall(SYS_add_key, "nothing", "description", "payload", 7, 0);
	syscall(SYS_add_key, WRONG, NULL, WRONG, 5, 77);
	syscall(SYS_request_key, "nothing", "description", NULL, 0);
	syscall(SYS_keyctl, KEYCTL_REVOKE, 2147483647);
	syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 2147483647, 0);
	syscall(SYS_keyctl, KEYCTL_SETPERM, 2147483647, 0x3f1f0b55);
	syscall(SYS_keyctl, KEYCTL_MOVE, 2147483647, 1, 2, 3);
	syscall(SYS_keyctl, KEYCTL_CAPABILITIES, data, 8);
	syscall(SYS_keyctl, KEYCTL_CAPABILITIES, data, 1);
	syscall(SYS_keyctl, KEYCTL_CAPABILITIES, NULL, 0);
	syscall(SYS_keyctl, KEYCTL_CAPABILITIES, WRONG, 8);
	syscall(SYS_keyctl, KEYCTL_DH_COMPUTE, dh, data, 16, NULL);
	syscall(SYS_keyctl, KEYCTL_DH_COMPUTE, dh, data, 16, &kdf);
	syscall(SYS_keyctl, KEYCTL_DH_COMPUTE, at_the_end(dh, 11), data, 16, WRONG);
	syscall(SYS_keyctl, KEYCTL_PKEY_QUERY, 2147483647, 5, "enc=raw", data);
	syscall(SYS_keyctl, KEYCTL_PKEY_QUERY, 2147483647, 0, WRONG, NULL);
	syscall(SYS_keyctl, KEYCTL_PKEY_ENCRYPT, WRONG, "enc=raw", WRONG, WRONG);
	syscall(SYS_keyctl, KEYCTL_PKEY_VERIFY, NULL, NULL, NULL, NULL);
	return 0;
}
