/*
 * role: named
 *
 * What io_uring_register(2) is told of operations: those that are asked for, and those that are allowed.
 */
#include "tells.h"
#include <linux/io_uring.h>

static union {
	struct io_uring_restriction kinds[64];
	uint32_t words[1024];
} m;

static void say(unsigned opcode, const void *what, unsigned count)
{
	syscall(SYS_io_uring_register, -1, opcode, what, count);
}

int main(void)
{
	static const unsigned counts[] = { 0, 1, 2, 3, 40, 256, 257, 0xffffffff };

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 1024; i++)
			m.words[i] = round == 0	  ? 0
				     : round == 1 ? 2
				     : round == 2 ? 1 + i % 3
						  : 0x101 + i % 40;
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			say(IORING_REGISTER_PROBE, &m, counts[i]);
		say(IORING_REGISTER_PROBE, at_the_end(&m, 32), 2);
		say(IORING_REGISTER_PROBE, at_the_end(&m, 31), 2);
		say(IORING_REGISTER_RESTRICTIONS, &m, 3);
		say(IORING_REGISTER_RESTRICTIONS, at_the_end(&m, 40), 3);
	}
	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 8; i++) {
		m.kinds[i].opcode = (uint16_t)i;
		m.kinds[i].register_op = (uint8_t)(3 * i + 3);
		m.kinds[i].resv = (uint8_t)(i / 5);
	}
	say(IORING_REGISTER_RESTRICTIONS, &m, 8);
	say(IORING_REGISTER_RESTRICTIONS, &m, 40);
	say(IORING_REGISTER_RESTRICTIONS, &m, 0);
	say(IORING_REGISTER_RESTRICTIONS, WRONG, 3);
	say(IORING_REGISTER_RESTRICTIONS, NULL, 3);
	say(IORING_REGISTER_PROBE, WRONG, 3);
	say(IORING_REGISTER_PROBE, NULL, 3);
	return 0;
}
