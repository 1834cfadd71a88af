/* Virtual processors of KVM that a task has: Documentation/virt/kvm/api.rst. */
#ifndef FT_VCPU_H
#define FT_VCPU_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Why KVM_RUN of a descriptor ended last, KVM_EXIT_*, into buf. Returns its 4 bytes, or a negative errno: it is no such
 * descriptor, or what it tells is not mapped. A ft_reader_question.
 */
ssize_t ft_vcpu_exit(pid_t tid, uint64_t fd, uint64_t unused, char *buf, size_t max);

#endif
