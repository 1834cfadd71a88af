/*
 * role: named
 * arch: x86_64
 *
 * inotify(7).
 */
#include "tells.h"
#include <sys/inotify.h>

int main(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), watch;
	char events[100];

	inotify_init1(0x55);
	watch = inotify_add_watch(fd, "/tmp", IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR);
	inotify_add_watch(fd, NOPE, IN_ALL_EVENTS);
	inotify_add_watch(fd, WRONG, 0);
	inotify_add_watch(-1, "/", IN_MASK_ADD | IN_ONESHOT | 0x10000);
	inotify_rm_watch(fd, watch);
	inotify_rm_watch(fd, 99);
	inotify_rm_watch(-1, -1);
	read(-1, events, sizeof(events));
	return 0;
}
