/*
 * seccomp(2) filters, as the kernel keeps them for a task, and what they say of a call that is still to be made:
 * classic BPF over struct seccomp_data (linux/filter.h, linux/seccomp.h).
 */
#ifndef FT_SECCOMP_H
#define FT_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* A filter, and those that its task had before it. Immutable and shared; by one thread. */
struct ft_seccomp;

/* Bits of ft_seccomp_call.unknown: argument i, and where the call is made. */
#define FT_SECCOMP_ARG(i) (1u << (i))
#define FT_SECCOMP_WHERE  (1u << 6)

/* A call of the x86-64 ABI, as far as it is known. */
struct ft_seccomp_call {
	uint32_t nr;
	unsigned unknown;
	uint64_t ip; /* behind its instruction */
	uint64_t args[6];
};

/*
 * One more filter on top of those before (NULL: none), to which it takes a reference. The code is copied; it may be
 * anything. NULL: no memory, or more than the kernel takes.
 */
struct ft_seccomp *ft_seccomp_new(
	struct ft_seccomp *before, const struct sock_filter *code, uint32_t len);
/* Both do nothing with NULL. */
struct ft_seccomp *ft_seccomp_get(struct ft_seccomp *filters);
void ft_seccomp_put(struct ft_seccomp *filters);

/*
 * Whether all of them let the call through (SECCOMP_RET_ALLOW, SECCOMP_RET_LOG), whatever of it is not known. A
 * filter that looks at that, or whose program the kernel would not take, does not.
 */
bool ft_seccomp_allows(const struct ft_seccomp *filters, const struct ft_seccomp_call *call);
/* Whether one of them looks at where a call is made. */
bool ft_seccomp_asks_where(const struct ft_seccomp *filters);

/* Whether seccomp(2), or prctl(2), with these arguments may put a filter, or strict mode, upon who calls it. */
bool ft_seccomp_sets(const uint64_t args[6]);
bool ft_seccomp_sets_by_prctl(const uint64_t args[6]);

/*
 * One program's answer to 16 words, of which those in `known` (bit i: word i) may be looked at. False: it looks at
 * others, or at what is no word, or does what no program may.
 */
bool ft_seccomp_run(const struct sock_filter *code, uint32_t len, const uint32_t words[16],
	uint32_t known, uint32_t *answer);

#endif
