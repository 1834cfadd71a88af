/* The tracer thread. */
#ifndef FT_TRACER_H
#define FT_TRACER_H

#include "session/session.h"

void *ft_tracer_main(void *session);

#endif
