#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/dumpable.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "engine/inline/space/code.h"

bool ft_dumpable_is_privileged(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return !syscall(SYS_capget, &header, data) &&
	       data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

/* It was sent into such a call and has recorded nothing since. */
static bool may_be_changing(const struct ft_inline_task *it)
{
	return it->changes_at && it->area && ft_area_get(&it->area->cur) == it->changes_at;
}

enum ft_fallback ft_dumpable_fork(const struct ft_session *s, const struct ft_task *t)
{
	char path[32];
	int fd;

	if (s->in->privileged)
		return FT_FALLBACK_NONE;
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->space == t->in->space && it != t->in && may_be_changing(it))
			return FT_FALLBACK_DUMPABLE;
	snprintf(path, sizeof(path), "/proc/%d/mem", t->tid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && (errno == EACCES || errno == EPERM) ? FT_FALLBACK_DUMPABLE
							     : FT_FALLBACK_NONE;
}

enum ft_fallback ft_dumpable_change(const struct ft_session *s, const struct ft_task *t)
{
	if (s->in->privileged)
		return FT_FALLBACK_NONE;
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->space == t->in->space && it->giving_birth && !(it->birth_flags & CLONE_VM))
			return FT_FALLBACK_DUMPABLE;
	ft_code_stop_forks(s->in, t->in->space);
	t->in->changes_at = ft_area_get(&t->in->area->cur);
	return FT_FALLBACK_NONE;
}
#endif
