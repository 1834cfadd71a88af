#define _GNU_SOURCE
#include "kernel/seccomp.h"

#include <assert.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define WORDS 16
/* What the kernel allows all filters of a task together (kernel/seccomp.c, MAX_INSNS_PER_PATH). */
#define PATH_MAX_INSNS 32768u
#define PATH_PENALTY   4u /* for each of them */

#define WORD_OF(field) (offsetof(struct seccomp_data, field) / sizeof(uint32_t))

static_assert(sizeof(struct seccomp_data) == WORDS * sizeof(uint32_t), "what filters look at");

struct ft_seccomp {
	struct ft_seccomp *before;
	uint32_t refs;
	uint32_t path; /* instructions, of those before it too, as the kernel counts them */
	uint32_t len;
	bool asks_where;
	struct sock_filter code[];
};

/* The machine of one program. */
struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	const uint32_t *words;
	uint32_t known;
};

static bool load(struct machine *m, uint32_t at)
{
	uint32_t word = at / sizeof(uint32_t);

	if (at % sizeof(uint32_t) || word >= WORDS || !(m->known >> word & 1))
		return false;
	m->a = m->words[word];
	return true;
}

/* As 32-bit code of x86-64 shifts: by the low five bits. Nothing is divided by 0. */
static bool calculate(struct machine *m, uint16_t code, uint32_t by)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		m->a += by;
		return true;
	case BPF_SUB:
		m->a -= by;
		return true;
	case BPF_MUL:
		m->a *= by;
		return true;
	case BPF_DIV:
		m->a /= by;
		return true;
	case BPF_OR:
		m->a |= by;
		return true;
	case BPF_AND:
		m->a &= by;
		return true;
	case BPF_XOR:
		m->a ^= by;
		return true;
	case BPF_LSH:
		m->a <<= by & 31;
		return true;
	case BPF_RSH:
		m->a >>= by & 31;
		return true;
	default:
		return false;
	}
}

static bool step(struct machine *m, const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return load(m, insn->k);
	case BPF_LD | BPF_W | BPF_LEN:
		m->a = sizeof(struct seccomp_data);
		return true;
	case BPF_LDX | BPF_W | BPF_LEN:
		m->x = sizeof(struct seccomp_data);
		return true;
	case BPF_LD | BPF_IMM:
		m->a = insn->k;
		return true;
	case BPF_LDX | BPF_IMM:
		m->x = insn->k;
		return true;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		*(BPF_CLASS(insn->code) == BPF_LD ? &m->a : &m->x) = m->memory[insn->k];
		return true;
	case BPF_ST:
	case BPF_STX:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		m->memory[insn->k] = insn->code == BPF_ST ? m->a : m->x;
		return true;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		return true;
	case BPF_MISC | BPF_TXA:
		m->a = m->x;
		return true;
	case BPF_ALU | BPF_NEG:
		m->a = -m->a;
		return true;
	default:
		if (BPF_CLASS(insn->code) != BPF_ALU || insn->code > UINT8_MAX)
			return false;
		return calculate(m, insn->code, BPF_SRC(insn->code) == BPF_X ? m->x : insn->k);
	}
}

/* By 0: that ends the program, with 0 (net/core/filter.c, bpf_convert_filter()). */
static bool divides_in_vain(const struct machine *m, const struct sock_filter *insn)
{
	if (insn->code == (BPF_ALU | BPF_DIV | BPF_X))
		return !m->x;
	return insn->code == (BPF_ALU | BPF_DIV | BPF_K) && !insn->k;
}

/* By how many instructions it goes on behind the next one. False: it is no jump. */
static bool jump(const struct machine *m, const struct sock_filter *insn, uint32_t *by)
{
	uint32_t than = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;
	bool taken;

	if (insn->code > UINT8_MAX)
		return false;
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		*by = insn->k;
		return insn->code == (BPF_JMP | BPF_JA);
	case BPF_JEQ:
		taken = m->a == than;
		break;
	case BPF_JGT:
		taken = m->a > than;
		break;
	case BPF_JGE:
		taken = m->a >= than;
		break;
	case BPF_JSET:
		taken = m->a & than;
		break;
	default:
		return false;
	}
	*by = taken ? insn->jt : insn->jf;
	return true;
}

bool ft_seccomp_run(const struct sock_filter *code, uint32_t len, const uint32_t words[WORDS],
	uint32_t known, uint32_t *answer)
{
	struct machine m = { .words = words, .known = known };

	/* There is no way back, so it ends. */
	for (uint64_t at = 0; at < len; at++) {
		const struct sock_filter *insn = &code[at];
		uint32_t by;

		switch (BPF_CLASS(insn->code)) {
		case BPF_RET:
			*answer = insn->code == (BPF_RET | BPF_A) ? m.a : insn->k;
			return insn->code == (BPF_RET | BPF_A) || insn->code == (BPF_RET | BPF_K);
		case BPF_JMP:
			if (!jump(&m, insn, &by))
				return false;
			at += by;
			break;
		default:
			if (divides_in_vain(&m, insn)) {
				*answer = 0;
				return true;
			}
			if (!step(&m, insn))
				return false;
		}
	}
	return false;
}

static bool loads_where(const struct sock_filter *code, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (code[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
			code[i].k - offsetof(struct seccomp_data, instruction_pointer) <
				sizeof(uint64_t))
			return true;
	return false;
}

struct ft_seccomp *ft_seccomp_new(
	struct ft_seccomp *before, const struct sock_filter *code, uint32_t len)
{
	const uint32_t path = before ? before->path + PATH_PENALTY : 0;
	struct ft_seccomp *one;

	if (!len || len > BPF_MAXINSNS || path + len > PATH_MAX_INSNS)
		return NULL;
	one = malloc(sizeof(*one) + len * sizeof(*code));
	if (!one)
		return NULL;
	*one = (struct ft_seccomp){ .before = ft_seccomp_get(before),
		.refs = 1,
		.path = path + len,
		.len = len,
		.asks_where = loads_where(code, len) };
	memcpy(one->code, code, len * sizeof(*code));
	return one;
}

struct ft_seccomp *ft_seccomp_get(struct ft_seccomp *filters)
{
	if (filters)
		filters->refs++;
	return filters;
}

void ft_seccomp_put(struct ft_seccomp *filters)
{
	while (filters && !--filters->refs) {
		struct ft_seccomp *before = filters->before;

		free(filters);
		filters = before;
	}
}

bool ft_seccomp_allows(const struct ft_seccomp *filters, const struct ft_seccomp_call *call)
{
	struct seccomp_data data = {
		.nr = (int)call->nr, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = call->ip
	};
	uint32_t words[WORDS], known = UINT16_MAX;

	memcpy(data.args, call->args, sizeof(data.args));
	memcpy(words, &data, sizeof(words));
	if (call->unknown & FT_SECCOMP_WHERE)
		known &= ~(3u << WORD_OF(instruction_pointer));
	for (unsigned i = 0; i < 6; i++)
		if (call->unknown & FT_SECCOMP_ARG(i))
			known &= ~(3u << (WORD_OF(args) + 2 * i));
	for (; filters; filters = filters->before) {
		uint32_t answer;

		if (!ft_seccomp_run(filters->code, filters->len, words, known, &answer))
			return false;
		answer &= SECCOMP_RET_ACTION_FULL;
		if (answer != SECCOMP_RET_ALLOW && answer != SECCOMP_RET_LOG)
			return false;
	}
	return true;
}

bool ft_seccomp_asks_where(const struct ft_seccomp *filters)
{
	while (filters && !filters->asks_where)
		filters = filters->before;
	return filters;
}

/* Strict mode with anything else is what asks whether there is seccomp(2): it fails (do_seccomp()). */
bool ft_seccomp_sets(const uint64_t args[6])
{
	switch ((uint32_t)args[0]) {
	case SECCOMP_SET_MODE_STRICT:
		return !(uint32_t)args[1] && !args[2];
	case SECCOMP_SET_MODE_FILTER:
		return true;
	default:
		return false;
	}
}

bool ft_seccomp_sets_by_prctl(const uint64_t args[6])
{
	return (uint32_t)args[0] == PR_SET_SECCOMP &&
	       (args[1] == SECCOMP_MODE_STRICT || args[1] == SECCOMP_MODE_FILTER);
}
