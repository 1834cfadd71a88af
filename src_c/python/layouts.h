/* Where the fields lie that lead from a CPython to its lines; the table is generated: see generate.py. */
#ifndef FT_PYTHON_LAYOUTS_H
#define FT_PYTHON_LAYOUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets in bytes, but for the last two. One set for all releases of a version, "3.12" or "3.13t". */
struct ft_python_layout {
	uint32_t runtime_head; /* _PyRuntimeState.interpreters.head */
	uint32_t interpreter_next, interpreter_threads; /* PyInterpreterState */
	uint32_t thread_next, thread_id, thread_frame; /* PyThreadState */
	uint32_t
		cframe_frame; /* thread_frame leads to a _PyCFrame, and this to the frame; FT_PYTHON_NONE */
	uint32_t frame_code, frame_previous, frame_instruction,
		frame_owner; /* _PyInterpreterFrame */
	uint32_t code_file, code_name, code_lines, code_first_line, code_start; /* PyCodeObject */
	uint32_t code_units; /* how many code units it has */
	/*
	 * Free-threaded, from 3.14 on, each thread runs a copy of its own: the code object's array of them, a
	 * word that says how many and then their addresses, and which of them a frame runs, 32 bits. Or
	 * FT_PYTHON_NONE.
	 */
	uint32_t code_copies, frame_copy;
	uint32_t object_type; /* PyObject */
	uint32_t bytes_size, bytes_data; /* PyBytesObject */
	uint32_t str_length, str_state; /* PyASCIIObject */
	uint32_t str_ascii,
		str_compact; /* sizes of it and of PyCompactUnicodeObject: the text follows */
	uint32_t str_kind_bit; /* where `kind` begins in `state`; `compact` and `ascii` follow it */
	uint32_t shim_owner; /* a frame of this owner, or a higher one, is the interpreter's own */
};

#define FT_PYTHON_NONE	    UINT32_MAX
#define FT_PYTHON_FIELDS    (sizeof(struct ft_python_layout) / sizeof(uint32_t))
#define FT_PYTHON_FIRST	    11 /* 3.11: frames and location tables as they are here */
#define FT_PYTHON_TELLS	    13 /* 3.13: _PyRuntime begins with _Py_DebugOffsets */
#define FT_PYTHON_COOKIE    "xdebugpy"
#define FT_PYTHON_DEBUG_MAX 64 /* words of _Py_DebugOffsets that are looked at */

struct ft_python_version {
	uint32_t minor;
	bool free_threaded; /* objects are laid out another way */
	struct ft_python_layout layout;
	/* In the order of the layout's fields: which word of _Py_DebugOffsets says it; 0: the layout does. */
	uint8_t debug_word[FT_PYTHON_FIELDS];
};

extern const struct ft_python_version ft_python_versions[];
extern const uint32_t ft_python_version_count;

#endif
