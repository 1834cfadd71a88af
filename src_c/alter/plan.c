#define _GNU_SOURCE
#include "alter/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_RULE 0xffff

struct ft_plan {
	struct ft_rule *rules;
	size_t count;
	uint16_t rule_of[FT_ABI_COUNT][FT_NR_MAX]; /* index of the rule, or NO_RULE */
	uint8_t handled[FT_ABI_COUNT][FT_NR_MAX]; /* enum ft_hand_over */
};

void ft_plan_free(struct ft_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		for (size_t j = 0; j < plan->rules[i].how.poke_count; j++)
			free((void *)plan->rules[i].pokes[j].bytes);
		free(plan->rules[i].pokes);
	}
	free(plan->rules);
	free(plan);
}

static int copy_pokes(struct ft_rule *rule, const struct ft_injection *from)
{
	rule->how.poke_count = 0;
	rule->pokes = calloc(from->poke_count + 1, sizeof(*rule->pokes));
	if (!rule->pokes)
		return -ENOMEM;
	for (size_t i = 0; i < from->poke_count; i++) {
		const struct ft_poke *poke = &from->pokes[i];
		void *bytes;

		if (poke->arg > 5)
			return -EINVAL;
		bytes = malloc(poke->len + 1u);
		if (!bytes)
			return -ENOMEM;
		memcpy(bytes, poke->bytes, poke->len);
		rule->pokes[i] = *poke;
		rule->pokes[i].bytes = bytes;
		rule->how.poke_count++;
		rule->pokes_exit |= poke->at_exit;
	}
	return 0;
}

static int add_rule(struct ft_plan *plan, const struct ft_injection *injection)
{
	struct ft_rule *rule = &plan->rules[plan->count];

	if (injection->abi >= FT_ABI_COUNT || injection->nr >= FT_NR_MAX || !injection->first ||
		plan->rule_of[injection->abi][injection->nr] != NO_RULE || plan->count == NO_RULE)
		return -EINVAL;
	rule->how = *injection;
	plan->rule_of[injection->abi][injection->nr] = (uint16_t)plan->count++;
	return copy_pokes(rule, injection);
}

int ft_plan_new(struct ft_plan **out, const struct ft_config *config)
{
	struct ft_plan *plan;
	bool any = config->injection_count;
	int rc = 0;

	*out = NULL;
	for (int abi = 0; abi < FT_ABI_COUNT; abi++)
		any |= config->handled[abi] != NULL;
	if (!any)
		return 0;
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	*out = plan; /* ft_close() frees what is there */
	memset(plan->rule_of, 0xff, sizeof(plan->rule_of));
	plan->rules = calloc(config->injection_count + 1, sizeof(*plan->rules));
	if (!plan->rules)
		return -ENOMEM;
	for (size_t i = 0; i < config->injection_count && !rc; i++)
		rc = add_rule(plan, &config->injections[i]);
	for (int abi = 0; abi < FT_ABI_COUNT; abi++)
		if (config->handled[abi])
			memcpy(plan->handled[abi], config->handled[abi], FT_NR_MAX);
	return rc;
}

bool ft_plan_has(const struct ft_plan *plan, enum ft_abi abi, uint64_t nr)
{
	return plan && abi < FT_ABI_COUNT && nr < FT_NR_MAX &&
	       (plan->rule_of[abi][nr] != NO_RULE || plan->handled[abi][nr]);
}

uint8_t ft_plan_handled(const struct ft_plan *plan, enum ft_abi abi, uint64_t nr)
{
	return plan->handled[abi][nr];
}

const struct ft_rule *ft_plan_next(
	const struct ft_plan *plan, const struct ft_task *t, enum ft_abi abi, uint64_t nr)
{
	uint16_t i = plan->rule_of[abi][nr];
	const struct ft_injection *how;
	uint32_t n;

	if (i == NO_RULE)
		return NULL;
	how = &plan->rules[i].how;
	n = t->counts && t->counts[i] < UINT32_MAX ? t->counts[i] + 1 : t->counts ? UINT32_MAX : 1;
	if (n < how->first || n > how->last)
		return NULL;
	if (how->step ? (n - how->first) % how->step : n != how->first)
		return NULL;
	return &plan->rules[i];
}

void ft_plan_count(
	const struct ft_plan *plan, struct ft_task *t, enum ft_abi abi, uint64_t nr, int by)
{
	uint16_t i = plan->rule_of[abi][nr];

	if (i == NO_RULE)
		return;
	if (!t->counts)
		t->counts = calloc(plan->count, sizeof(*t->counts));
	if (t->counts && t->counts[i] < UINT32_MAX)
		t->counts[i] += (uint32_t)by;
}
