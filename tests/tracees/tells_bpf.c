/*
 * role: named
 * arch: x86_64
 *
 * bpf(2), with what its structures point to; nothing of it succeeds.
 */
#include "tells.h"
#include <linux/bpf.h>

#define A(pointer)   ((uint64_t)(uintptr_t)(pointer))
#define BPF(command) syscall(SYS_bpf, command, &attr, sizeof(attr))

static union bpf_attr attr;

static void programs(void)
{
	struct bpf_insn ends[] = { { .code = BPF_ALU64 | BPF_MOV, .imm = 3 }, { .code = 0 } };
	char log[64] = "what it was";

	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.insns = A(ends);
	attr.license = A("GPL");
	BPF(BPF_PROG_LOAD);
	attr.log_buf = A(log);
	attr.log_size = sizeof(log);
	attr.log_level = 99;
	BPF(BPF_PROG_LOAD);
	attr.log_size = 4;
	BPF(BPF_PROG_LOAD);
	attr.license = A(NOPE NOPE NOPE NOPE);
	BPF(BPF_PROG_LOAD);
	attr.license = A(WRONG);
	attr.log_buf = A(WRONG);
	attr.log_size = 100;
	BPF(BPF_PROG_LOAD);
	attr.license = A(at_the_end("GPL", 4));
	attr.log_buf = A(at_the_end("log", 4));
	BPF(BPF_PROG_LOAD);
	attr.license = A(at_the_end("GPL", 3));
	attr.log_buf = 0;
	BPF(BPF_PROG_LOAD);
	attr.license = 0;
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, 40);
	syscall(SYS_bpf, BPF_PROG_LOAD, at_the_end(&attr, 48), 48);
}

static void names(void)
{
	memset(&attr, 0, sizeof(attr));
	attr.pathname = A(NOPE);
	attr.bpf_fd = -1;
	BPF(BPF_OBJ_PIN);
	BPF(BPF_OBJ_GET);
	attr.pathname = A(WRONG);
	BPF(BPF_OBJ_GET);
	attr.pathname = 0;
	BPF(BPF_OBJ_PIN);
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = A("sys_enter");
	attr.raw_tracepoint.prog_fd = -1;
	BPF(BPF_RAW_TRACEPOINT_OPEN);
	attr.raw_tracepoint.name = A(WRONG);
	BPF(BPF_RAW_TRACEPOINT_OPEN);
	memset(&attr, 0, sizeof(attr));
	attr.btf = A("no types");
	attr.btf_size = 9;
	BPF(BPF_BTF_LOAD);
	attr.btf_size = 0;
	BPF(BPF_BTF_LOAD);
	attr.btf_size = -1;
	BPF(BPF_BTF_LOAD);
	attr.btf = A(WRONG);
	BPF(BPF_BTF_LOAD);
}

int main(void)
{
	programs();
	names();
	memset(&attr, 0, sizeof(attr));
	attr.batch.in_batch = 5;
	attr.batch.map_fd = -1;
	attr.batch.elem_flags = 4;
	BPF(BPF_MAP_LOOKUP_BATCH);
	BPF(BPF_MAP_LOOKUP_AND_DELETE_BATCH);
	BPF(BPF_MAP_UPDATE_BATCH);
	BPF(BPF_MAP_DELETE_BATCH);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = -1;
	attr.test.flags = 3;
	attr.test.data_in = A("data");
	BPF(BPF_PROG_TEST_RUN);
	memset(&attr, 0, sizeof(attr));
	attr.link_update.link_fd = -1;
	attr.link_update.new_prog_fd = -1;
	BPF(BPF_LINK_UPDATE);
	return 0;
}
