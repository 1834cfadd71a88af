/* Whether this machine can do what the inline engine needs. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/utsname.h>

#include "kernel/tsc.h"
#include "session/engine.h"

#if defined(__x86_64__)
const char *ft_inline_unusable(void)
{
	struct utsname name;
	char *end;
	long major, minor;

	if (uname(&name) < 0)
		return "the kernel does not tell its release";
	major = strtol(name.release, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (major < 6 || (major == 6 && minor < 1))
		return "it needs Linux 6.1";
	if (!ft_tsc_usable())
		return "it needs a time-stamp counter that the kernel trusts as its clock source";
	return NULL;
}
#else
const char *ft_inline_unusable(void)
{
	return "it needs an x86-64 processor";
}

const struct ft_engine ft_engine_inline = { .name = "inline" };
#endif
