/*
 * Targets that are fed with bytes: with clang libFuzzer chooses them, with gcc the generator below does, from a
 * seed: fuzz_NAME [SECONDS [SEED]]; 0: for ever.
 */
#ifndef FT_FUZZ_H
#define FT_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/clock.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

/* The next bytes as a number; behind the end there are zeros. */
static inline uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- && in->at < in->end)
		value = value << 8 | *in->at++;
	return value;
}

#ifndef FT_LIBFUZZER
#define INPUT 256

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift64 */
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL), runs = 0;
	uint64_t end = ft_now() + (uint64_t)(seconds * 1e9);

	printf("seeds from %llu\n", (unsigned long long)seed);
	do {
		uint64_t state = (seed + ++runs) * 0x9e3779b97f4a7c15;
		size_t size = 1 + next(&state) % INPUT;
		uint8_t data[INPUT];

		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)(next(&state) >> 32);
		if (argc > 2)
			fprintf(stderr, "\rseed %llu ", (unsigned long long)(seed + runs - 1));
		LLVMFuzzerTestOneInput(data, size);
	} while (seconds <= 0 || ft_now() < end);
	printf("%llu inputs\n", (unsigned long long)runs);
	return 0;
}
#endif
#endif
