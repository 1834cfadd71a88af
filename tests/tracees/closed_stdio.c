/* Its exit status tells which of the descriptors 0, 1, 2 are open: bits 0 to 2. */
#include <fcntl.h>

int main(void)
{
	int status = 0;

	for (int fd = 0; fd < 3; fd++)
		status |= (fcntl(fd, F_GETFD) != -1) << fd;
	return status;
}
