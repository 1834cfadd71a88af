/* What sockets of others are bound and connected to. */
#ifndef FT_SOCKET_H
#define FT_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FT_SOCKET_NAMES_MAX 256

/*
 * As words with a NUL between them: see FT_PAYLOAD_LINK. Returns their bytes, 0: there is nothing to say, or a negative
 * errno.
 *
 * This one asks the kernel's unix_diag (sock_diag(7)), which knows those of our network namespace.
 */
ssize_t ft_socket_of_unix(uint64_t inode, char names[FT_SOCKET_NAMES_MAX]);
/*
 * Of internet's and netlink's, by a descriptor of our own (pidfd_getfd(2), Linux 5.6) for the time of the question.
 * It waits while the process uses the socket: for ft_reader_call(). inode: what fd was seen to be.
 */
ssize_t ft_socket_names(pid_t pid, uint64_t fd, uint64_t inode, char *names, size_t max);

#endif
