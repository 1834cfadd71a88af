/* Registers of a stopped task, for code that knows them by name. */
#ifndef FT_X86_64_REGS_H
#define FT_X86_64_REGS_H

#include <sys/types.h>
#include <sys/user.h>

/*
 * 0 or a negative errno. PTRACE_SETREGS refuses all for the sake of one register that the program itself
 * may hold: a base of fs or gs in the kernel's half (wrfsbase), a data segment selector of another
 * privilege level (arch/x86/kernel/ptrace.c, putreg() and set_segment_reg()). What does not change need not
 * be set.
 */
int ft_regs_set(pid_t tid, const struct user_regs_struct *regs);

#endif
