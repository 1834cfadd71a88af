/* Lets its parent trace it: works alone, EPERM when it is traced already. Exit status: the errno.
 * traced: status 1
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>

int main(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ? errno : 0;
}
