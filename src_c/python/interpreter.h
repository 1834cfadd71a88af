/* The CPython in a process: whether there is one, and where it keeps what it runs. */
#ifndef FT_PYTHON_INTERPRETER_H
#define FT_PYTHON_INTERPRETER_H

#include "python/elf.h"
#include "python/layouts.h"

enum ft_python_state {
	FT_PYTHON_UNSEEN, /* nobody has looked yet */
	FT_PYTHON_ABSENT, /* so far: a library may bring it */
	FT_PYTHON_FOUND,
	FT_PYTHON_NEVER, /* another interpreter, or a version that we do not know */
};

/* Of an address space; all zeros at first. */
struct ft_python_interpreter {
	enum ft_python_state state;
	struct ft_elf program;
	struct ft_elf_list list;
	uint32_t libraries; /* seen */
	uint64_t runtime; /* address of _PyRuntime */
	uint64_t code_type; /* of PyCode_Type */
	struct ft_python_layout layout;
	uint32_t unread; /* FT_PYTHON_NEVER: as in struct ft_process */
};

/* Looks at what has come since; auxv: see ft_elf_program(), of the first look. */
void ft_python_look(struct ft_python_reads *r, struct ft_python_interpreter *in,
	const uint8_t *auxv, size_t size);

#endif
