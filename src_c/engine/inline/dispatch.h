/* Syscall User Dispatch and the gs base of a stopped task, by ptrace. */
#ifndef FT_DISPATCH_H
#define FT_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FT_SYS_USER_DISPATCH 2 /* si_code of its SIGSYS, Linux 5.11 */

/*
 * System calls from outside [start, start + size) raise SIGSYS. 0 or a negative errno: before Linux 6.4 -EIO, and then
 * for what ft_dispatch_in_use() is asked, too. See run/arming.h.
 */
int ft_dispatch_arm(pid_t tid, uint64_t start, uint64_t size);
int ft_dispatch_disarm(pid_t tid);
/* How a task does the same by prctl(2), for itself. */
#define FT_DISPATCH_SET 59 /* PR_SET_SYSCALL_USER_DISPATCH, Linux 5.11 */
#define FT_DISPATCH_OFF 0
#define FT_DISPATCH_ON	1
/* 1: somebody else uses it; 0; or a negative errno. */
int ft_dispatch_in_use(pid_t tid);
int ft_dispatch_gs(pid_t tid, uint64_t *gs);
int ft_dispatch_set_gs(pid_t tid, uint64_t gs);

#endif
