/* What shall be altered: rules that count calls, and numbers that are handed over. */
#ifndef FT_PLAN_H
#define FT_PLAN_H

#include "session/session.h"

struct ft_rule {
	struct ft_injection how;
	struct ft_poke *pokes;
	bool pokes_exit;
};

/* 0, *out is NULL if nothing is altered; -ENOMEM; -EINVAL: no such ABI, number or argument, or two
 * injections for one number. */
int ft_plan_new(struct ft_plan **out, const struct ft_config *config);
void ft_plan_free(struct ft_plan *plan);

/* Whether calls of this number may be altered. */
bool ft_plan_has(const struct ft_plan *plan, enum ft_abi abi, uint64_t nr);
/* enum ft_hand_over, of one that ft_plan_has(). */
uint8_t ft_plan_handled(const struct ft_plan *plan, enum ft_abi abi, uint64_t nr);

/* The rule that hits the task's next call of this number; NULL: none. */
const struct ft_rule *ft_plan_next(
	const struct ft_plan *plan, const struct ft_task *t, enum ft_abi abi, uint64_t nr);
/* It has come; or, for -1, it has not. */
void ft_plan_count(
	const struct ft_plan *plan, struct ft_task *t, enum ft_abi abi, uint64_t nr, int by);

#endif
