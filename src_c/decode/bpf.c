/* Instructions: of classic BPF as the macros that make them, of eBPF field by field. */
#include "decode/bpf.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "decode/families.h"
#include "decode/text.h"

#define CODE_REST(code, known) ((code) & ~(uint32_t)(known))

static void put_part(struct ft_text *text, unsigned set, uint32_t value)
{
	ft_puts(text, "|");
	ft_put_set(text, &ft_sets[set], value);
}

/* Bits that mean nothing, which strace says in all forms. */
static void put_rest(struct ft_text *text, uint32_t rest)
{
	if (!rest)
		return;
	ft_puts(text, "|");
	ft_put_hex(text, rest);
	ft_puts(text, " /* BPF_??? */");
}

static void put_classic_code(struct ft_text *text, uint32_t code)
{
	ft_put_set(text, &ft_sets[FT_SET_BPF_CLASS], BPF_CLASS(code));
	switch (BPF_CLASS(code)) {
	case BPF_LD:
	case BPF_LDX:
		put_part(text, FT_SET_BPF_SIZE, BPF_SIZE(code));
		put_part(text, FT_SET_BPF_MODE, BPF_MODE(code));
		break;
	case BPF_ALU:
	case BPF_JMP:
		put_part(text, FT_SET_BPF_SOURCE, BPF_SRC(code));
		put_part(text, BPF_CLASS(code) == BPF_ALU ? FT_SET_BPF_ALU : FT_SET_BPF_JUMP,
			BPF_OP(code));
		break;
	case BPF_RET:
		put_part(text, FT_SET_BPF_RETURN, BPF_RVAL(code));
		put_rest(text, CODE_REST(code, 0x1f));
		break;
	case BPF_MISC:
		put_part(text, FT_SET_BPF_MISC, BPF_MISCOP(code));
		put_rest(text, CODE_REST(code, 0xff));
		break;
	default:
		put_rest(text, CODE_REST(code, 0x07));
	}
}

static void put_bpf_code(struct ft_text *text, uint32_t code)
{
	ft_put_set(text, &ft_sets[FT_SET_BPF_CLASS_NOW], BPF_CLASS(code));
	switch (BPF_CLASS(code)) {
	case BPF_LD:
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		put_part(text, FT_SET_BPF_SIZE, BPF_SIZE(code));
		put_part(text, FT_SET_BPF_MODE_NOW, BPF_MODE(code));
		break;
	default: /* BPF_ALU, BPF_JMP, BPF_JMP32, BPF_ALU64 */
		put_part(text, FT_SET_BPF_SOURCE, BPF_SRC(code));
		put_part(text,
			BPF_CLASS(code) == BPF_JMP || BPF_CLASS(code) == BPF_RET ? FT_SET_BPF_JUMP
										 : FT_SET_BPF_ALU,
			BPF_OP(code));
	}
}

/* What a filter of calls answers. */
static void put_answer(struct ft_text *text, uint32_t code, uint32_t k)
{
	if (BPF_CLASS(code) != BPF_RET) {
		ft_put_hex(text, k);
		return;
	}
	ft_put_set(text, &ft_sets[FT_SET_SECCOMP_ACTION], k & SECCOMP_RET_ACTION_FULL);
	if (k & SECCOMP_RET_DATA) {
		ft_puts(text, "|");
		ft_put_hex(text, k & SECCOMP_RET_DATA);
	}
}

/* Offsets below zero are those of headers, and of what the kernel knows of a packet. */
static void put_offset(struct ft_text *text, uint32_t code, uint32_t k)
{
	uint32_t base = k >= (uint32_t)SKF_AD_OFF    ? (uint32_t)SKF_AD_OFF
			: k >= (uint32_t)SKF_NET_OFF ? (uint32_t)SKF_NET_OFF
						     : (uint32_t)SKF_LL_OFF;

	if (BPF_CLASS(code) != BPF_LD || BPF_MODE(code) != BPF_ABS || k < base) {
		ft_put_hex(text, k);
		return;
	}
	ft_put_set(text, &ft_sets[FT_SET_PACKET_OFFSET], base);
	ft_puts(text, "+");
	if (base == (uint32_t)SKF_AD_OFF)
		ft_put_set(text, &ft_sets[FT_SET_PACKET_DATA], k - base);
	else
		ft_put_decimal(text, k - base);
}

static bool classic_shown(struct ft_walk *walk, const struct ft_memory *memory,
	void (*put_k)(struct ft_text *text, uint32_t code, uint32_t k))
{
	char buffer[512];
	struct sock_filter insn;
	struct ft_text text;
	bool jumps;

	if (memory->length < sizeof(insn))
		return false;
	memcpy(&insn, memory->data, sizeof(insn));
	jumps = insn.jt || insn.jf;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	text.constants = walk->constants;
	ft_puts(&text, jumps ? "BPF_JUMP(" : "BPF_STMT(");
	put_classic_code(&text, insn.code);
	ft_puts(&text, ", ");
	if (jumps) {
		ft_put_hex(&text, insn.k);
		ft_puts(&text, ", ");
		ft_put_hex(&text, insn.jt);
		ft_puts(&text, ", ");
		ft_put_hex(&text, insn.jf);
	} else {
		put_k(&text, insn.code, insn.k);
	}
	ft_puts(&text, ")");
	walk->sink->ops->named(walk->sink, ft_load(memory->data, sizeof(insn)), FT_AS_TEXT, buffer,
		(size_t)(text.at - buffer));
	return true;
}

bool ft_read_call_filter(struct ft_walk *walk, const struct ft_memory *memory)
{
	return classic_shown(walk, memory, put_answer);
}

bool ft_read_packet_filter(struct ft_walk *walk, const struct ft_memory *memory)
{
	return classic_shown(walk, memory, put_offset);
}

/* struct bpf_insn */
bool ft_read_bpf_insn(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	char buffer[256];
	struct ft_text text;

	if (memory->length < 8)
		return false;
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	text.constants = walk->constants;
	put_bpf_code(&text, data[0]);
	ft_open(walk, "{");
	ft_next(walk, "code");
	walk->sink->ops->named(walk->sink, data[0], FT_AS_TEXT, buffer, (size_t)(text.at - buffer));
	ft_next(walk, "dst_reg");
	ft_set_shown(walk, FT_SET_BPF_REGISTER, data[1] & 15);
	ft_next(walk, "src_reg");
	ft_set_shown(walk, FT_SET_BPF_REGISTER, data[1] >> 4);
	ft_next(walk, "off");
	ft_integer(walk, (uint64_t)(int64_t)(int16_t)ft_load(data + 2, 2), FT_SIGNED);
	ft_next(walk, "imm");
	ft_integer(walk, ft_load(data + 4, 4), FT_HEX);
	ft_close(walk, "}");
	return true;
}

bool ft_is_program(const struct ft_type *type)
{
	const struct ft_type *one = &ft_types[type->ref];

	return type->kind == FT_ARRAY && one->kind == FT_CODE &&
	       (ft_reads[one->ref] == ft_read_call_filter ||
		       ft_reads[one->ref] == ft_read_packet_filter ||
		       ft_reads[one->ref] == ft_read_bpf_insn);
}
