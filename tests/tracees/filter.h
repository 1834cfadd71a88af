/* Instructions of seccomp filters, and the filter that most programs need: one call is answered. */
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "must.h"

#define LOAD(field)	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_IF(what, k, n) BPF_JUMP(BPF_JMP | (what) | BPF_K, (unsigned int)(k), n, 0)
#define SKIP_UNLESS(k, n)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(k), 0, n)
#define RETURN(action)	    BPF_STMT(BPF_RET | BPF_K, action)

/* The elements of a filter by which call `nr` has this action, and all others are allowed. */
#define ONLY(number, action)                                                                       \
	LOAD(nr), SKIP_UNLESS(number, 1), RETURN(action), RETURN(SECCOMP_RET_ALLOW)

/* By seccomp(2), which returns a descriptor if it is asked for one; without flags by prctl(2). */
static inline long set_filter(unsigned int flags, struct sock_filter *code, size_t length)
{
	struct sock_fprog prog = { (unsigned short)length, code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (!flags)
		return must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	return must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

static inline long set_only(unsigned int flags, unsigned int nr, unsigned int action)
{
	struct sock_filter code[] = { ONLY(nr, action) };

	return set_filter(flags, code, sizeof(code) / sizeof(code[0]));
}

#endif
