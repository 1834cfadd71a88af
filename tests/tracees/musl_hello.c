/* A static binary of another C library.
 * compiler: musl-gcc
 * build: -static
 */
#include <pthread.h>
#include <stdio.h>

static void *body(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, body, NULL) || pthread_join(t, NULL))
		return 1;
	puts("musl");
	return 0;
}
