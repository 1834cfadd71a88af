/* seccomp filters as they are kept for a task: what they say together, of calls that are known in part, and bounds. */

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "kernel/seccomp.h"
#include "check.h"

#define LOAD(field)	  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(k, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, n)
#define RETURN(k)	  BPF_STMT(BPF_RET | BPF_K, k)
#define COUNT(list)	  (sizeof(list) / sizeof((list)[0]))

static struct ft_seccomp *on_top(
	struct ft_seccomp *before, const struct sock_filter *code, size_t len)
{
	struct ft_seccomp *one = ft_seccomp_new(before, code, (uint32_t)len);

	ft_seccomp_put(before);
	return one;
}

/* A call of mmap: of mapping so, in so many ways. */
static const struct sock_filter mmap_exec[] = { LOAD(arch), SKIP_UNLESS(AUDIT_ARCH_X86_64, 5),
	LOAD(nr), SKIP_UNLESS(SYS_mmap, 4), LOAD(args[2]),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 2), RETURN(SECCOMP_RET_ERRNO | 1),
	RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW) };

static void test_together(void)
{
	const struct sock_filter log = RETURN(SECCOMP_RET_LOG), trap = RETURN(SECCOMP_RET_TRAP);
	const struct ft_seccomp_call mapping = { .nr = SYS_mmap, .args = { 0, 4096, 1 } },
				     code = { .nr = SYS_mmap, .args = { 0, 4096, 5 } },
				     high = { .nr = SYS_mmap, .args = { 0, 4096, 1ull << 34 } },
				     other = { .nr = SYS_getpid };
	struct ft_seccomp *first = ft_seccomp_new(NULL, mmap_exec, COUNT(mmap_exec)), *second;

	CHECK(ft_seccomp_allows(NULL, &code));
	CHECK(ft_seccomp_allows(first, &mapping));
	CHECK(!ft_seccomp_allows(first, &code));
	CHECK(ft_seccomp_allows(first, &high));
	CHECK(ft_seccomp_allows(first, &other));
	second = on_top(ft_seccomp_get(first), &log, 1);
	CHECK(ft_seccomp_allows(second, &mapping));
	CHECK(!ft_seccomp_allows(second, &code));
	second = on_top(second, &trap, 1);
	CHECK(!ft_seccomp_allows(second, &mapping));
	CHECK(!ft_seccomp_allows(second, &other));
	CHECK(ft_seccomp_allows(first, &other));
	ft_seccomp_put(second);
	CHECK(ft_seccomp_allows(first, &mapping));
	ft_seccomp_put(first);
	ft_seccomp_put(NULL);
	check_group("all filters of a task must let a call through, each looks at its words");
}

static void test_unknown(void)
{
	const struct sock_filter where[] = { LOAD(instruction_pointer), SKIP_UNLESS(1, 1),
		RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ALLOW) };
	struct ft_seccomp *filters = ft_seccomp_new(NULL, mmap_exec, COUNT(mmap_exec));
	struct ft_seccomp_call call = { .nr = SYS_mmap };

	call.unknown = ~FT_SECCOMP_ARG(2);
	CHECK(ft_seccomp_allows(filters, &call));
	call.unknown = FT_SECCOMP_ARG(2);
	CHECK(!ft_seccomp_allows(filters, &call));
	call.nr = SYS_munmap;
	CHECK(ft_seccomp_allows(filters, &call));
	CHECK(!ft_seccomp_asks_where(filters));
	CHECK(!ft_seccomp_asks_where(NULL));
	filters = on_top(filters, where, COUNT(where));
	CHECK(ft_seccomp_asks_where(filters));
	CHECK(ft_seccomp_allows(filters, &call));
	call.unknown = FT_SECCOMP_WHERE;
	CHECK(!ft_seccomp_allows(filters, &call));
	filters = on_top(filters, mmap_exec, COUNT(mmap_exec));
	CHECK(ft_seccomp_asks_where(filters));
	ft_seccomp_put(filters);
	check_group("what is not known is not let through where a filter looks at it");
}

static void test_nonsense(void)
{
	const struct sock_filter nonsense[][2] = {
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 64 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 2 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, UINT32_MAX - 3 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_W | BPF_IND, 0, 0, 0 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_B | BPF_ABS, 0, 0, 0 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_MEM, 0, 0, BPF_MEMWORDS }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_STX, 0, 0, UINT32_MAX }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_JMP | BPF_JA, 0, 0, 1 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_JMP | BPF_JA, 0, 0, UINT32_MAX }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_JMP | BPF_JEQ | BPF_K, 255, 0, 0 }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_LD | BPF_IMM, 0, 0, 1 }, { BPF_LD | BPF_IMM, 0, 0, 1 } },
		{ { 0x100 | BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW }, RETURN(SECCOMP_RET_ALLOW) },
		{ { BPF_ALU | BPF_DIV | BPF_X, 0, 0, 1 }, RETURN(SECCOMP_RET_ALLOW) }, /* kills */
	};

	for (size_t i = 0; i < COUNT(nonsense); i++) {
		struct ft_seccomp *one = ft_seccomp_new(NULL, nonsense[i], 2);

		CHECK(!ft_seccomp_allows(one, &(struct ft_seccomp_call){ 0 }));
		ft_seccomp_put(one);
	}
	check_group("a program that the kernel would not take lets nothing through");
}

static void test_bounds(void)
{
	static struct sock_filter code[BPF_MAXINSNS + 1];
	struct ft_seccomp *filters = NULL, *more;
	int n = 0;

	for (size_t i = 0; i < COUNT(code); i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, (uint32_t)i);
	code[BPF_MAXINSNS - 1] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	CHECK(!ft_seccomp_new(NULL, code, 0));
	CHECK(!ft_seccomp_new(NULL, code, BPF_MAXINSNS + 1));
	for (; (more = ft_seccomp_new(filters, code, BPF_MAXINSNS)); n++) {
		ft_seccomp_put(filters);
		filters = more;
	}
	CHECK_EQ(n, 7); /* as the kernel counts: 32,768 in all, and 4 for each more */
	CHECK(ft_seccomp_allows(filters, &(struct ft_seccomp_call){ 0 }));
	ft_seccomp_put(filters);
	filters = NULL;
	for (n = 0; (more = ft_seccomp_new(filters, &code[BPF_MAXINSNS - 1], 1)); n++) {
		ft_seccomp_put(filters);
		filters = more;
	}
	CHECK_EQ(n, 6554);
	CHECK(ft_seccomp_allows(filters, &(struct ft_seccomp_call){ 0 }));
	ft_seccomp_put(filters);
	check_group("no more filters are kept than the kernel takes");
}

int main(void)
{
	test_together();
	test_unknown();
	test_nonsense();
	test_bounds();
	return check_result();
}
