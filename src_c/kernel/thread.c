#include "kernel/thread.h"

#define STACK (1u << 20)

int ft_thread_start(pthread_t *out, bool detached, void *(*main)(void *), void *arg)
{
	pthread_attr_t attr;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc)
		return rc;
	rc = pthread_attr_setstacksize(&attr, STACK);
	if (!rc && detached)
		rc = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (!rc)
		rc = pthread_create(out, &attr, main, arg);
	pthread_attr_destroy(&attr);
	return rc;
}
