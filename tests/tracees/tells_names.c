/*
 * role: named
 * arch: x86_64
 *
 * Names of the machine.
 */
#include "tells.h"
#include <sys/utsname.h>

int main(void)
{
	struct utsname name;

	syscall(SYS_uname, &name);
	syscall(SYS_uname, NULL);
	syscall(SYS_uname, WRONG);
	syscall(SYS_setdomainname, WRONG, 5000);
	syscall(SYS_sysinfo, WRONG);
	return 0;
}
