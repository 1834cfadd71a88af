/* A thread that looks on while another does something that must not last: it calls for help. */
#ifndef FT_WATCHDOG_H
#define FT_WATCHDOG_H

struct ft_watchdog;

#define FT_WATCHDOG_TICK_NS 100000000ull

/*
 * late: called in the watchdog's thread, once a tick for as long as what has begun does not end; after a tick at
 * the earliest. 0 or a negative errno.
 */
int ft_watchdog_new(struct ft_watchdog **out, void (*late)(void *), void *arg);
/* By one thread; may be nested. While nothing is under way for a second the watchdog sleeps. */
void ft_watchdog_begin(struct ft_watchdog *w);
void ft_watchdog_end(struct ft_watchdog *w);
/* Once `late` has returned, if it was being called. */
void ft_watchdog_free(struct ft_watchdog *w);

#endif
