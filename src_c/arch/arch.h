/* What differs between processors. Nothing outside arch/ knows a register. */
#ifndef FT_ARCH_H
#define FT_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fasttrace.h"

/* The ABI of programs built for this machine. */
extern const enum ft_abi ft_arch_native_abi;

/* AUDIT_ARCH_* as PTRACE_GET_SYSCALL_INFO reports it. */
enum ft_abi ft_arch_abi(uint32_t audit_arch);

/*
 * The task stands at a stop that our PTRACE_INTERRUPT caused, perhaps just out of a call that this
 * made end with EINTR though no signal came (signal(7): "Interruption of system calls by stop
 * signals"). Makes the call run again. 1: it will; 0: nothing to mend; -errno.
 */
int ft_arch_redo_eintr(pid_t tid);

/*
 * Whether the call that the task is just out of will be made again if no signal comes: by the kernel
 * (ERESTARTSYS and its like, include/linux/errno.h), or for ft_arch_redo_eintr(). 1: the call *nr; 2: *nr,
 * which is restart_syscall's, and so the kernel has made it again already; 0: it is over; -errno.
 */
int ft_arch_is_remade(pid_t tid, uint64_t *nr);

/*
 * A task at the entry or exit of a call. 0; -ESRCH: it has gone; -EOPNOTSUPP: not on this machine.
 * FT_NO_CALL: the call is not made.
 */
#define FT_NO_CALL UINT64_MAX
int ft_arch_set_number(pid_t tid, uint64_t nr);
int ft_arch_set_args(pid_t tid, enum ft_abi abi, const uint64_t args[6]);
int ft_arch_set_result(pid_t tid, int64_t ret);

/* All registers of a stopped task, as ft_register_names has them. */
int ft_arch_get_registers(pid_t tid, struct ft_registers *out);
int ft_arch_set_registers(pid_t tid, const struct ft_registers *registers);
/* The stack pointer of a stopped task. 0 or -errno. */
int ft_arch_stack(pid_t tid, uint64_t *out);
/* The instruction pointer of a stopped task. 0 or -errno. */
int ft_arch_instruction(pid_t tid, uint64_t *out);
/* What pthread_self(3) is in a stopped task. 0 or -errno; -EOPNOTSUPP: that is not known of this machine. */
int ft_arch_thread_pointer(pid_t tid, uint64_t *out);
/* Whether both are at the same instruction with the same stack. */
bool ft_arch_is_same_place(const struct ft_registers *a, const struct ft_registers *b);
/* The task is not just out of a call that could be restarted. */
void ft_arch_forget_call(struct ft_registers *registers);
/* The one that holds a call's result. */
int64_t ft_arch_result(const struct ft_registers *registers);

/* A system call that touches no thread-local data, for code that runs on a borrowed thread pointer.
 */
long ft_arch_raw_syscall(long nr, long a, long b, long c, long d, long e, long f);

#endif
