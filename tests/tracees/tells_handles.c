/*
 * role: named
 * arch: x86_64
 *
 * Handles of files.
 */
#include "tells.h"
#include <fcntl.h>

int main(void)
{
	name_to_handle_at(-1, NULL, NULL, NULL, AT_EMPTY_PATH);
	open_by_handle_at(-1, NULL, O_RDONLY | O_PATH);
	return 0;
}
