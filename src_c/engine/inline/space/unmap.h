/* What was mapped in a tracee is taken away again. */
#ifndef FT_UNMAP_H
#define FT_UNMAP_H

#include "engine/inline/inline.h"

/* By the last task that records itself; what was in there must be taken. */
void ft_space_unmap(struct ft_session *s, struct ft_task *t, struct ft_space *sp);
/* One mapping, by a syscall instruction of the program's. Whether it has gone. */
bool ft_unmap_one(struct ft_session *s, struct ft_task *t, const struct ft_space *sp, uint64_t insn,
	uint64_t at, uint64_t size);
/* A syscall instruction of the vDSO; 0: none is found. */
uint64_t ft_unmap_vdso_call(struct ft_space *sp);

#endif
