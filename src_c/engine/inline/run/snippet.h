/* Code that a stopped task is made to run. */
#ifndef FT_SNIPPET_H
#define FT_SNIPPET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/seccomp.h"

struct ft_snippet {
	uint8_t code[1024];
	size_t len, entry;
	uint64_t address; /* where it will lie */
	bool stays; /* there, for that place is ours */
	bool is_there; /* and need not be written */
	uint64_t r15; /* at its start */
	struct {
		uint64_t args[2]; /* the first two */
		uint32_t nr;
		uint16_t end; /* where the next instruction is */
	} call[16];
	int calls;
	bool apart;
	uint32_t apart_nr[8]; /* of those that are made apart */
	int apart_calls;
	struct ft_seccomp_call wanted[24]; /* all of them, and that by which a process ends */
	int wants;
	size_t jump[16]; /* ends of those whose targets are still to come */
	int jumps;
	/* Once it has run: */
	int done; /* calls that succeeded */
	int fd; /* what the last of them kept: a descriptor, or the process that made calls apart */
};
void ft_snippet_start(
	struct ft_snippet *c, uint64_t address, const char *const strings[], int count);
/* The address of a string given to ft_snippet_start. */
uint64_t ft_snippet_string(const struct ft_snippet *c, int i);
/* A call; it ends the snippet if it fails. keep: its result becomes the descriptor; fd: bit i: argument
 * i is that descriptor. */
void ft_snippet_call(
	struct ft_snippet *c, uint32_t nr, const uint64_t args[6], unsigned fd, bool keep);
/*
 * The calls between the two are made by a process that lives only for them, in the same memory, with a
 * descriptor table of its own: no other thread meets what they open. If one fails those behind it are left
 * out, without a word.
 */
void ft_snippet_apart(struct ft_snippet *c);
void ft_snippet_together(struct ft_snippet *c);
void ft_snippet_end(struct ft_snippet *c);

#endif
