/*
 * Has the symbols of a CPython that nobody knows yet, 3.99.0a2.
 * role: named
 * build: -rdynamic
 */
#include <sys/stat.h>

char _PyRuntime[4096];
const unsigned long Py_Version = 0x036300a2;

int main(void)
{
	umask(7);
	return 0;
}
