/*
 * role: named
 * arch: x86_64
 * oracle: no (strace 6.1 does not know them)
 *
 * Calls that are newer than the tables of most tools; kernels that lack them answer ENOSYS.
 */
#include "tells.h"
#include <time.h>

int main(void)
{
	struct {
		uint32_t size, ns_fd;
		uint64_t id, param, ns_id;
	} request = { 24, 0, UINT64_C(-1), 0x80000003, 0 };
	struct {
		uint64_t value;
		uint32_t size, flags;
	} value = { (uintptr_t)"text", 4, 1 }, wrong = { (uintptr_t)WRONG, 4, 9 };
	struct {
		uint64_t flags;
		uint32_t extent_size, extents, project, cow;
	} attributes = { 0x80, 1, 2, 3, 4 };
	struct {
		uint64_t val, address;
		uint32_t flags, unused;
	} waiters[2] = { { 1, 0x1000, 2, 0 }, { 2, 0x2000, 0x82, 0 } };
	struct {
		uint64_t id, flags, size, context_size;
		char context[8];
	} context = { 104, 0, 40, 7, "label\n" };
	uint64_t range[2] = { 0, 4096 }, pages[5] = { 0 }, ids[16];
	uint32_t size = sizeof(ids);
	struct timespec soon = { 0, 5 };

	syscall(457, &request, ids, 8, 1);
	syscall(458, &request, ids, 16, 1);
	request.size = 99;
	syscall(458, WRONG, ids, 16, 2);
	syscall(451, -1, range, pages, 1);
	syscall(453, 0x1000, 4096, 5);
	syscall(459, 100, ids, NULL, 1);
	syscall(460, 100, &context, 40, 0);
	syscall(460, 999, WRONG, 40, 0);
	syscall(461, ids, &size, 1);
	syscall(462, 0x1000, 4096, 1);
	syscall(463, -100, NOPE, 0x100, "user.a", &value, 16);
	syscall(463, -100, NOPE, 0x100, "user.a", &wrong, 16);
	syscall(463, -100, NOPE, 0x100, "user.a", WRONG, 16);
	syscall(464, -100, NOPE, 0x1000, "user.a", &value, 16);
	syscall(465, -100, NOPE, 0, ids, 16);
	syscall(466, -100, NOPE, 0, "user.a");
	syscall(469, -100, NOPE, &attributes, 24, 0x100);
	syscall(468, -100, NOPE, &attributes, 24, 0);
	syscall(454, 0x1000, 1, 1, 2);
	syscall(455, 0x1000, 1, -1L, 99, &soon, 1);
	syscall(456, waiters, 1, 1, 2);
	return 0;
}
