/* For tracees: a call that has to work, or the tracee says which did not and aborts. */
#ifndef MUST_H
#define MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(call)                                                                                 \
	({                                                                                         \
		__auto_type must_ret = (call);                                                     \
		if ((long)must_ret == -1) {                                                        \
			perror(#call);                                                             \
			abort();                                                                   \
		}                                                                                  \
		must_ret;                                                                          \
	})

/* pthread_* return the error. */
#define must_zero(call)                                                                            \
	do {                                                                                       \
		if ((call) != 0) {                                                                 \
			perror(#call);                                                             \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
