/* The same of a 32-bit program.
 * role: attach
 * build: -m32 -pthread
 * oracle: no (waits for its threads by polling)
 */
#include "blocked_calls.c"
