/*
 * role: named
 * arch: x86_64
 *
 * Files that are memory.
 */
#include "tells.h"

int main(void)
{
	char longest[300];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	memfd_create("", 0);
	memfd_create(WRONG, 0);
	memfd_create(longest, 0);
	memfd_create("huge", MFD_HUGETLB | 21u << 26);
	memfd_create("a\tb", 63u << 26);
	syscall(SYS_userfaultfd, 0x7000);
	return 0;
}
