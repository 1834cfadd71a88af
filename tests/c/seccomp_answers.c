/*
 * seccomp_answers: reads programs and what they are to look at from stdin: a 32-bit number of instructions,
 * those (struct sock_filter), and a struct seccomp_data; prints each one's answer, or "none".
 */
#include "kernel/seccomp.h"

#include <stdio.h>

int main(void)
{
	static struct sock_filter code[BPF_MAXINSNS];
	uint32_t len, words[16], answer;

	while (fread(&len, sizeof(len), 1, stdin) == 1) {
		if (len > BPF_MAXINSNS || fread(code, sizeof(code[0]), len, stdin) != len ||
			fread(words, sizeof(words), 1, stdin) != 1)
			return 2;
		if (ft_seccomp_run(code, len, words, 0xffff, &answer))
			printf("%u\n", answer);
		else
			printf("none\n");
	}
	return 0;
}
