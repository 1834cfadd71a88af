#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/dispatch.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/user.h>

/* include/uapi/linux/ptrace.h since Linux 6.4, for older headers */
#define SET_DISPATCH 0x4210
#define GET_DISPATCH 0x4211

struct config {
	uint64_t mode; /* PR_SYS_DISPATCH_OFF or _ON */
	uint64_t selector;
	uint64_t offset, len;
};

static int set(pid_t tid, struct config *config)
{
	return ptrace(SET_DISPATCH, tid, sizeof(*config), config) < 0 ? -errno : 0;
}

int ft_dispatch_arm(pid_t tid, uint64_t start, uint64_t size)
{
	return set(tid, &(struct config){ .mode = 1, .offset = start, .len = size });
}

int ft_dispatch_disarm(pid_t tid)
{
	return set(tid, &(struct config){ 0 });
}

int ft_dispatch_in_use(pid_t tid)
{
	struct config config = { 0 };

	if (ptrace(GET_DISPATCH, tid, sizeof(config), &config) < 0)
		return -errno;
	return config.mode != 0;
}

int ft_dispatch_gs(pid_t tid, uint64_t *gs)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -errno;
	*gs = regs.gs_base;
	return 0;
}

int ft_dispatch_set_gs(pid_t tid, uint64_t gs)
{
	if (ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, gs_base), gs) < 0)
		return -errno;
	return 0;
}
#endif
