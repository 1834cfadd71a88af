/* The same of a 32-bit program, whose frames have two layouts.
 * role: named
 * build: -m32
 */
#include "sigframes.c"
