/*
 * What the engine does in a program by calls of that program is subject to the seccomp filters that it has installed,
 * and a filter may kill for one call. So each call that a task is made to make is put to its filters first (run/run.c)
 * and not made if they do not let it through. Where the engine can do without, it does:
 *
 *	calls						made by				if refused
 *	open, mmap, close, madvise, munmap		an exec, a fork's child		that process is
 *		memfd_create (another user ...)		(space/placing.c)		traced by ptrace
 *		clone, exit, wait4 (CLONE_FILES)
 *	prctl(PR_SET_SYSCALL_USER_DISPATCH)		the same, without filters;	nobody; or it leaves
 *							before Linux 6.4 others, too	(run/arming.c)
 *	mmap						springboards far away		their sites stay
 *							(patch/near.c)
 *	rt_sigaction					the program's own, made		it leaves, and makes
 *							another way (space/actions.c)	the call itself
 *	seccomp, prctl, mmap, munmap			the program's next filter	the same
 *							(stops/filters.c)
 *
 * It cannot do without those below: whoever installs a filter that refuses one leaves the engine before the filter is
 * there. And a filter that looks at where calls are made sees the recorder, not the program.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/permits.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/x86_64/recorder.h"
#include "engine/inline/dispatch.h"
#include "session/task.h"

#define MASK_SIZE 8 /* the kernel's sigset_t */
#define PAGE	  4096
#define ARG(i)	  FT_SECCOMP_ARG(i)
#define ALL_ARGS  (ARG(6) - 1)

/* The recorder makes it itself, behind each of the program's. */
static const struct ft_seccomp_call asks_mask = { SYS_rt_sigprocmask,
	.args = { 0, 0, 0, MASK_SIZE }, .unknown = ARG(2) | ARG(4) | ARG(5) };

/* When the task leaves, and in front of a filter that does not let it stay. */
static const struct ft_seccomp_call unmaps = { SYS_munmap, .unknown = ARG(0) | ARG(1) };

/* Where a trap has reset a handler it is set again, and what is ignored is given back to the kernel. */
static const struct ft_seccomp_call acts[] = {
	{ SYS_rt_sigaction, .args = { SIGSYS, 0, 0, MASK_SIZE }, .unknown = ARG(1) | ARG(2) },
	{ SYS_rt_sigaction, .args = { SIGTRAP, 0, 0, MASK_SIZE }, .unknown = ARG(1) | ARG(2) },
};

/* Before Linux 6.4: at births and when the task leaves. */
static const struct ft_seccomp_call dispatches[] = {
	{ SYS_prctl,
		.args = { FT_DISPATCH_SET, FT_DISPATCH_ON, FT_RECORDER_BASE, FT_RECORDER_CODE } },
	{ SYS_prctl, .args = { FT_DISPATCH_SET, FT_DISPATCH_OFF } },
};

static const struct ft_seccomp_call shares[] = {
	/* Makes the other processors serialize when text is changed: ft_recorder_sync(). */
	{ SYS_mprotect, .args = { 0, PAGE, PROT_NONE }, .unknown = ARG(0) },
	{ SYS_mprotect, .args = { 0, PAGE, PROT_READ }, .unknown = ARG(0) },
	/* Areas for more threads: space/memory.c. */
	{ SYS_mremap, .unknown = ARG(0) | ARG(1) | ARG(2) },
	/* One that is made to stand still goes on with the call that it was in: space/actions.c. */
	{ SYS_restart_syscall, .unknown = ALL_ARGS },
};

static bool allows(const struct ft_seccomp *filters, const struct ft_seccomp_call *call)
{
	struct ft_seccomp_call anywhere = *call;

	anywhere.unknown |= FT_SECCOMP_WHERE;
	return ft_seccomp_allows(filters, &anywhere);
}

static bool allow_all(const struct ft_seccomp *filters, const struct ft_seccomp_call *calls, int n)
{
	while (n && allows(filters, &calls[n - 1]))
		n--;
	return !n;
}

bool ft_permits(const struct ft_task *t, uint32_t nr, const uint64_t args[6], unsigned unknown)
{
	struct ft_seccomp_call call = { nr, .unknown = unknown };

	if (!t->filters)
		return true;
	for (int i = 0; i < 6; i++)
		call.args[i] = args[i];
	return allows(t->filters, &call);
}

bool ft_permits_recording(const struct ft_seccomp *filters, bool signals, bool arms)
{
	return !ft_seccomp_asks_where(filters) && allows(filters, &asks_mask) &&
	       allows(filters, &unmaps) && (!signals || allow_all(filters, acts, 2)) &&
	       (!arms || allow_all(filters, dispatches, 2));
}

bool ft_permits_threads(const struct ft_seccomp *filters)
{
	return allow_all(filters, shares, sizeof(shares) / sizeof(shares[0]));
}
#endif
