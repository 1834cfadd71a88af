/* As cancel_threads, with musl: there a thread is cancelled in a call by where its instruction is.
 * compiler: musl-gcc
 * build: -static
 * oracle: no (waits for its threads by polling)
 */
#include "cancel_threads.c"
