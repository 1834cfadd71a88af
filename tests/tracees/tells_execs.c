/*
 * role: named
 * arch: x86_64
 *
 * Programs that cannot be executed.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	char *many[41], *none[] = { NULL },
			*two[] = { "one", "two \"quoted\" and longer than is shown", NULL };

	for (int i = 0; i < 40; i++)
		many[i] = "x";
	many[40] = NULL;
	execve(NOPE, two, none);
	execve(NOPE, many, two);
	execve(NOPE, NULL, NULL);
	execve(NOPE, WRONG, WRONG);
	execve(WRONG, none, none);
	execve(NULL, two, many);
	execve("", two, at_the_end(two, 16));
	execve(NOPE, at_the_end(two, 16), none);
	many[1] = WRONG;
	many[2] = NULL;
	execve(NOPE, many, many);
	syscall(SYS_execveat, AT_FDCWD, NOPE, two, none, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_execveat, -1, "", two, none, AT_EMPTY_PATH | 0x77);
	return 0;
}
