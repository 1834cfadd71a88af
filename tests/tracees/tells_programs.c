/*
 * role: named
 * arch: x86_64
 *
 * Instructions of BPF, classic and new, in programs that are refused. With an argument those, too, that strace 6.1 does
 * not know.
 */
#include "tells.h"
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define A(pointer)  ((uint64_t)(uintptr_t)(pointer))
#define CODES	    256
#define BPF_MEMSX   0x80
#define UNKNOWN	    0x100 /* flags of seccomp(2): it looks at nothing then */
#define FILTER(one) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, UNKNOWN, one)
#define ATTACH(one) syscall(SYS_setsockopt, -1, SOL_SOCKET, SO_ATTACH_FILTER, one, sizeof(*(one)))

static struct sock_filter classic[2 * CODES];

static void of_calls(void)
{
	static const uint32_t answers[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
		SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO | 5, SECCOMP_RET_USER_NOTIF,
		SECCOMP_RET_TRACE | 0xffff, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW, 0x12345678 };
	struct sock_fprog program = { 2 * CODES, classic };

	for (int i = 0; i < 2 * CODES; i++)
		classic[i] = (struct sock_filter){ .code = i < CODES ? i : i * 0x101, .k = i };
	classic[7].jt = 3;
	classic[0x15].jf = 255;
	FILTER(&program);
	syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		classic[i] = (struct sock_filter){ .code = BPF_RET | BPF_K, .k = answers[i] };
	program.len = sizeof(answers) / sizeof(answers[0]);
	FILTER(&program);
	FILTER(NULL);
	FILTER((struct sock_fprog *)WRONG);
	program.len = 0;
	FILTER(&program);
	program.len = 3;
	program.filter = NULL;
	FILTER(&program);
	program.filter = WRONG;
	FILTER(&program);
	program.filter = at_the_end(classic, 20);
	FILTER(&program);
	program.filter = at_the_end(classic, 5);
	FILTER(&program);
	program.filter = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	program.len = 4097;
	FILTER(&program);
}

static void of_packets(void)
{
	static const uint32_t at[] = { SKF_AD_OFF, SKF_AD_OFF + SKF_AD_RANDOM, SKF_AD_OFF + 1, -1,
		SKF_NET_OFF, SKF_NET_OFF + 9, SKF_LL_OFF, SKF_LL_OFF + 14, SKF_LL_OFF - 1, 12 };
	struct sock_fprog program = { sizeof(at) / sizeof(at[0]), classic };

	for (unsigned i = 0; i < program.len; i++)
		classic[i] = (struct sock_filter){ .code = BPF_LD | BPF_H | BPF_ABS, .k = at[i] };
	ATTACH(&program);
	classic[0].jt = 1;
	classic[1].code = BPF_LD | BPF_B | BPF_IND;
	classic[2].code = BPF_RET | BPF_K;
	ATTACH(&program);
	syscall(SYS_setsockopt, -1, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
		sizeof(program));
	ATTACH((struct sock_fprog *)WRONG);
}

static void of_the_kernel(bool newer)
{
	static struct bpf_insn insns[CODES];
	union bpf_attr attr = { .insns = A(insns), .license = A("GPL") };

	for (int i = 0; i < CODES; i++) {
		if (!newer && ((i & 7) == BPF_JMP32 || (i & 0xe4) == BPF_MEMSX))
			continue; /* strace 6.1 does not know them */
		insns[attr.insn_cnt++] = (struct bpf_insn){ .code = i,
			.dst_reg = i & 15,
			.src_reg = i >> 4,
			.off = i * -129,
			.imm = i * -0x1000001 };
	}
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	attr.insn_cnt = 0;
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	attr.insn_cnt = 3;
	attr.insns = 0;
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	attr.insns = A(WRONG);
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	attr.insns = A(at_the_end(insns, 20));
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	attr.insn_cnt = -1;
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int main(int argc, char **argv)
{
	of_calls();
	of_packets();
	of_the_kernel(argc > 1 && argv[1]);
	return 0;
}
