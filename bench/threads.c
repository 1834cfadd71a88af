/* Makes 2,000 threads, one after the other, that do nothing. */
#include <pthread.h>
static void *nothing(void *unused) { return unused; }
int main(void)
{
	for (int i = 0; i < 2000; i++) {
		pthread_t thread;
		if (pthread_create(&thread, 0, nothing, 0) || pthread_join(thread, 0))
			return 1;
	}
	return 0;
}
