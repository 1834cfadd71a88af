/* Dies of a fault of its own: SIGSEGV. */
#include <stddef.h>
#include <sys/resource.h>

int main(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	*(volatile int *)NULL = 1;
	return 0;
}
