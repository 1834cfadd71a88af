/* What seccomp filters that a program has installed let the engine do in it: see permits.c. */
#ifndef FT_PERMITS_H
#define FT_PERMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/seccomp.h"

struct ft_task;

/* Whether the task may be made to make this call; unknown: bits as in ft_seccomp_call. Where it is made is not told. */
bool ft_permits(const struct ft_task *t, uint32_t nr, const uint64_t args[6], unsigned unknown);
/* Whether a task with these filters can go on recording itself, and leave the engine; signals: so, too, where its
 * process handles or ignores SIGSYS or SIGTRAP; arms: where tasks arm themselves (run/arming.h). */
bool ft_permits_recording(const struct ft_seccomp *filters, bool signals, bool arms);
/* Whether it can where others share its memory. */
bool ft_permits_threads(const struct ft_seccomp *filters);

#endif
