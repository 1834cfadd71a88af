/*
 * Programs as anybody may write them: they end, look at nothing but their 16 words, and what is said of a call of which
 * little is known holds whatever the rest is.
 */
#include "kernel/seccomp.h"
#include "fuzz.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#define LEN 28

static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM, BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX,
	BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN, BPF_RET | BPF_K, BPF_RET | BPF_A,
	BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JSET | BPF_X, BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_DIV | BPF_X, BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_NEG, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA };

static uint32_t small(struct input *in)
{
	static const uint32_t often[] = { 0, 4, 8, 12, 16, 20, 24, 60, 62, 64, 15, 31, 32,
		SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRAP };
	uint8_t which = (uint8_t)take(in, 1);

	return which < 240 ? often[which % 16] : (uint32_t)take(in, 4);
}

static uint32_t read_code(struct input *in, struct sock_filter *code)
{
	uint32_t len = 1 + (uint32_t)take(in, 1) % LEN;

	for (uint32_t i = 0; i < len; i++) {
		uint8_t which = (uint8_t)take(in, 1);

		code[i].code = which < 250 ? codes[which % (sizeof(codes) / sizeof(codes[0]))]
					   : (uint16_t)take(in, 2);
		code[i].jt = (uint8_t)take(in, 1) % 8;
		code[i].jf = (uint8_t)take(in, 1) % 8;
		code[i].k = BPF_CLASS(code[i].code) == BPF_JMP && which % 2 ? take(in, 1) % 8
									    : small(in);
	}
	if (take(in, 1) % 8)
		code[len - 1].code = BPF_RET | BPF_K;
	return len;
}

/* What follows from less holds of more. */
static void run(struct input *in, const struct sock_filter *code, uint32_t len)
{
	uint32_t words[16], known = (uint32_t)take(in, 2), answer = 0, other = 0;
	bool told;

	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)take(in, 1);
	told = ft_seccomp_run(code, len, words, known, &answer);
	for (int i = 0; i < 16; i++)
		if (!(known >> i & 1))
			words[i] = ~words[i];
	if (told) {
		REQUIRE(ft_seccomp_run(code, len, words, 0xffff, &other));
		REQUIRE(answer == other);
	}
}

/* All that a chain lets through each of its filters does; the newest is asked with those before it. */
static void chain(struct input *in, const struct sock_filter *code, uint32_t len)
{
	const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct ft_seccomp *below = ft_seccomp_new(NULL, code, len),
			  *above = ft_seccomp_new(below, &allow, 1);
	struct ft_seccomp_call call = { .nr = (uint32_t)take(in, 1),
		.unknown = (unsigned)take(in, 1) };
	struct seccomp_data data = { .nr = (int)call.nr, .arch = AUDIT_ARCH_X86_64 };
	uint32_t words[16], answer = 0;
	bool allowed;

	REQUIRE(below && above);
	for (int i = 0; i < 6; i++)
		data.args[i] = call.args[i] = take(in, 1);
	allowed = ft_seccomp_allows(above, &call);
	REQUIRE(allowed == ft_seccomp_allows(below, &call));
	memcpy(words, &data, sizeof(words));
	if (allowed) {
		REQUIRE(ft_seccomp_run(code, len, words, 0xffff, &answer));
		answer &= SECCOMP_RET_ACTION_FULL;
		REQUIRE(answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG);
	}
	REQUIRE(!ft_seccomp_asks_where(above) == !ft_seccomp_asks_where(below));
	ft_seccomp_put(below);
	ft_seccomp_put(above);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct sock_filter code[LEN], *exact;
	uint32_t len = read_code(&in, code);

	exact = malloc(len * sizeof(*code)); /* of just that size */
	memcpy(exact, code, len * sizeof(*code));
	run(&in, exact, len);
	chain(&in, exact, len);
	free(exact);
	return 0;
}
