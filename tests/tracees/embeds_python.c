/*
 * Loads a library of CPython, the first argument, with dlopen(3), and runs some lines: umask(33) at line 4 of
 * a function, called from line 6.
 * role: named
 * build: -ldl
 */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/stat.h>

static const char program[] = "import os\n"
			      "\n"
			      "def inner():\n"
			      "    os.umask(33)\n"
			      "\n"
			      "inner()\n";

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	void (*initialize)(void);
	int (*run)(const char *, void *);

	umask(31);
	if (!library) {
		fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "no library");
		return 1;
	}
	*(void **)&initialize = dlsym(library, "Py_Initialize");
	*(void **)&run = dlsym(library, "PyRun_SimpleStringFlags");
	if (!initialize || !run)
		return 2;
	initialize();
	if (run(program, NULL))
		return 3;
	umask(32);
	return 0;
}
