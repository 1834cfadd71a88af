/* What the numbers of the contract are called outside: each stands here once, and beside its number. */
#include "fasttrace.h"

const char *const ft_engine_names[FT_ENGINE_COUNT] = {
	[FT_ENGINE_PTRACE] = "ptrace",
	[FT_ENGINE_INLINE] = "inline",
};

const char *const ft_stage_names[FT_STAGE_COUNT] = {
	[FT_STAGE_NONE] = "none",
	[FT_STAGE_FORK] = "fork",
	[FT_STAGE_TRACE] = "trace",
	[FT_STAGE_STDIO] = "stdio",
	[FT_STAGE_CWD] = "cwd",
	[FT_STAGE_FILTER] = "filter",
	[FT_STAGE_SECCOMP] = "seccomp",
	[FT_STAGE_EXEC] = "exec",
	[FT_STAGE_PROC] = "proc",
};

const char *const ft_fallback_reasons[FT_FALLBACK_COUNT] = {
	[FT_FALLBACK_NONE] = "",
	[FT_FALLBACK_KERNEL] = "the kernel does not let us arm Syscall User Dispatch",
	[FT_FALLBACK_SETUP] = "memory could not be mapped into it, or a descriptor not be had",
	[FT_FALLBACK_ABI] = "it runs 32-bit code",
	[FT_FALLBACK_SIGNALS] = "what it sets for SIGSYS or SIGTRAP could not be followed",
	[FT_FALLBACK_DISPATCH] = "it uses Syscall User Dispatch itself",
	[FT_FALLBACK_SECCOMP] =
		"it has a seccomp filter of its own that does not let it record its calls itself",
	[FT_FALLBACK_GS] = "it uses the gs segment",
	[FT_FALLBACK_TSC] = "it forbids itself the time-stamp counter",
	[FT_FALLBACK_UNTRACED] = "it makes a task with CLONE_UNTRACED",
	[FT_FALLBACK_NAMESPACE] = "it has another root, mount, pid or user namespace",
	[FT_FALLBACK_MEMORY] = "it locks all its memory",
	[FT_FALLBACK_SPOILED] = "it changed or unmapped memory of the tracer's",
	[FT_FALLBACK_STUCK] = "it did not come back from code that it was made to run",
	[FT_FALLBACK_DUMPABLE] =
		"it is not dumpable, and forks, which takes CAP_SYS_PTRACE to follow",
	[FT_FALLBACK_ALTERED] =
		"it makes a call that is altered and that the inline engine must look after itself",
	[FT_FALLBACK_SHARED] = "it shares its memory with another process",
};
