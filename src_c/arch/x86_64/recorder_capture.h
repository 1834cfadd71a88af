/*
 * The recorder's code that copies what arguments point to: recorder_code.c holds it among its own.
 *
 * A capture program is a row of words (recorder.h, FT_OP): ops at the entry, a zero, ops at the exit, a
 * zero. One loop runs both. Every register is free once the arguments are in the record, and the flags
 * are where they are kept; %r10 is 0 at the entry, and FT_PAYLOAD_EXIT as the head of an item has it at
 * the exit. %r11: the next word; %rdi: the next item; %rdx: the op, then the second word of the head;
 * %rsi: from where; %r8: to where; %r9: how many, elements first and then bytes. What cannot be read
 * faults at one of four places: ft_recorder_fault().
 * %gs:0 the ops at the exit (0: they are the tracer's), 40 the flags, 44 the handler, 48 and 56 where items go and may not go.
 */
#ifndef FT_RECORDER_CAPTURE_H
#define FT_RECORDER_CAPTURE_H

#define FT_RECORDER_CAPTURE                                                                         \
	/* Verdicts beyond the tables': rcx counts them from 7 on. */                               \
	"ft_beyond:\n"                                                                              \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 1f\n"                                                                               \
	"	lea ft_recorder_start + 0x11000(%rip), %r11\n"                                            \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 2f\n"                                                                               \
	"	lea 0x100(%r11), %r11\n"                                                                  \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 2f\n"                                                                               \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 3f\n"                                                                               \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 4f\n"                                                                               \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 6f\n"                                                                               \
	"	jmp ft_birth\n"                                                                           \
	"6:	lea -0x1200011(%rdi), %rcx\n" /* FT_FORK_FLAGS */                                   \
	"	jrcxz 5f\n"                                                                               \
	"	jmp ft_trap\n"                                                                            \
	"4:	jmp ft_return\n"                                                                        \
	"5:	jmp ft_record\n"                                                                        \
	"3:	lea 0x100(%r11), %r11\n"                                                                \
	"2:	movzbl %dil, %ecx\n"                                                                    \
	"	movzbl (%r11, %rcx), %ecx\n"                                                              \
	"	jrcxz 1f\n"                                                                               \
	"	lea -1(%rcx), %ecx\n"                                                                     \
	"	jrcxz 3f\n"                                                                               \
	"	mov %rsi, %rcx\n"                                                                         \
	"	jrcxz 1f\n"                                                                               \
	"3:	jmp ft_trap\n"                                                                          \
	"1:\n"                                                                                      \
	"ft_capture:\n"                                                                             \
	"	keep\n"                                                                                   \
	"ft_capture_saving:\n"                                                                      \
	"	lahf\n"                                                                                   \
	"	seto %al\n"                                                                               \
	"	mov %ax, %gs:40\n"                                                                        \
	"ft_capture_copying:\n"                                                                     \
	"	movzwl 72(%rcx), %eax\n"                                                                  \
	"	lea ft_recorder_start + 0x11300(%rip), %r11\n"                                            \
	"	movzwl (%r11, %rax, 2), %eax\n"                                                           \
	"	lea (%r11, %rax, 8), %r11\n"                                                              \
	"	xor %r10d, %r10d\n"                                                                       \
	"	mov %gs:48, %rdi\n"                                                                       \
	"	mov %edi, 88(%rcx)\n"                                                                     \
	"	testl $0x440, %gs:32\n" /* with SIGSEGV or SIGBUS blocked a fault would reset it */ \
	"	jnz ft_capture_full\n"                                                                    \
	"	testb $1, %gs:44\n"                                                                       \
	"	jnz ft_capture_full\n"                                                                    \
	"	cmp %gs:56, %rdi\n"                                                                       \
	"	ja ft_capture_full\n"                                                                     \
	"ft_ops:\n"                                                                                 \
	"	mov (%r11), %rdx\n"                                                                       \
	"	test %edx, %edx\n"                                                                        \
	"	jz ft_ops_end\n"                                                                          \
	"	add $8, %r11\n"                                                                           \
	"	mov %edx, %eax\n"                                                                         \
	"	shr $24, %eax\n" /* is there a condition? */                                        \
	"	jz 1f\n"                                                                                  \
	"	mov 16(%rcx, %rax, 8), %esi\n"                                                            \
	"	mov (%r11), %r9\n"                                                                        \
	"	mov 8(%r11), %r8\n"                                                                       \
	"	add $16, %r11\n"                                                                          \
	"	mov %r9, %rax\n"                                                                          \
	"	shr $32, %rax\n"                                                                          \
	"	and %eax, %esi\n"                                                                         \
	"	sub %r9d, %esi\n"                                                                         \
	"	cmp $63, %esi\n"                                                                          \
	"	ja ft_ops\n"                                                                              \
	"	bt %rsi, %r8\n"                                                                           \
	"	jnc ft_ops\n"                                                                             \
	"1:	movzbl %dl, %eax\n"                                                                     \
	"	mov 24(%rcx, %rax, 8), %rsi\n"                                                            \
	"	test %rsi, %rsi\n"                                                                        \
	"	jz ft_ops\n"                                                                              \
	"	mov 16(%rcx), %r9\n"                                                                      \
	"	test %dh, %dh\n" /* only if it succeeded? */                                        \
	"	jns 1f\n"                                                                                 \
	"	cmp $-4096, %r9\n"                                                                        \
	"	ja ft_ops\n"                                                                              \
	"1:	movzbl %dh, %eax\n"                                                                     \
	"	and $0x7f, %eax\n"                                                                        \
	"	cmp $5, %eax\n"                                                                           \
	"	ja 6f\n"                                                                                  \
	"	je 5f\n"                                                                                  \
	"	cmp $3, %eax\n"                                                                           \
	"	ja 4f\n"                                                                                  \
	"	je 3f\n"                                                                                  \
	"	cmp $2, %eax\n"                                                                           \
	"	jb ft_ops_tracer\n"                                                                       \
	"	mov $1, %r9d\n"                                                                           \
	"	jmp 7f\n"                                                                                 \
	"3:	mov %edx, %eax\n"                                                                       \
	"	shr $16, %eax\n"                                                                          \
	"	movzbl %al, %eax\n"                                                                       \
	"	mov 24(%rcx, %rax, 8), %r9\n"                                                             \
	"	jmp 7f\n"                                                                                 \
	"4:	mov %edx, %eax\n"                                                                       \
	"	shr $16, %eax\n"                                                                          \
	"	movzbl %al, %eax\n"                                                                       \
	"	mov 24(%rcx, %rax, 8), %rax\n"                                                            \
	"	test %rax, %rax\n"                                                                        \
	"	jz ft_ops\n"                                                                              \
	"ft_ops_count:\n"                                                                           \
	"	mov (%rax), %r9d\n"                                                                       \
	"	jmp 7f\n"                                                                                 \
	"5:	test %r9, %r9\n"                                                                        \
	"	jns 7f\n"                                                                                 \
	"	xor %r9d, %r9d\n"                                                                         \
	"	jmp 7f\n"                                                                                 \
	"6:	cmp $6, %eax\n"                                                                         \
	"	jne ft_ops_string\n"                                                                      \
	"	mov 32(%rcx), %eax\n"                                                                     \
	"	cmp $0xffff, %eax\n"                                                                      \
	"	ja 1f\n"                                                                                  \
	"	lea ft_recorder_start + 0x11700(%rip), %r8\n"                                             \
	"	mov %eax, %r9d\n"                                                                         \
	"	shr $8, %r9d\n"                                                                           \
	"	movzbl (%r8, %r9), %r9d\n"                                                                \
	"	shl $8, %r9d\n"                                                                           \
	"	mov %al, %r9b\n"                                                                          \
	"	movzwl 0x100(%r8, %r9, 2), %r9d\n"                                                        \
	"	mov $0x4000, %eax\n"                                                                      \
	"	test %r10d, %r10d\n"                                                                      \
	"	jz 2f\n"                                                                                  \
	"	add %eax, %eax\n"                                                                         \
	"2:	test %eax, %r9d\n"                                                                      \
	"	jz ft_ops\n"                                                                              \
	"	and $0x3fff, %r9d\n"                                                                      \
	"	jmp 8f\n"                                                                                 \
	"1:	mov %eax, %r9d\n"                                                                       \
	"	shr $16, %r9d\n"                                                                          \
	"	and $0x3fff, %r9d\n"                                                                      \
	"	jz ft_ops\n"                                                                              \
	"	test %r10d, %r10d\n"                                                                      \
	"	jz 1f\n"                                                                                  \
	"	bt $31, %eax\n"                                                                           \
	"	jmp 2f\n"                                                                                 \
	"1:	bt $30, %eax\n"                                                                         \
	"2:	jnc ft_ops\n"                                                                           \
	"	jmp 8f\n"                                                                                 \
	"7:	mov %r9, %rax\n" /* elements */                                                     \
	"	shr $32, %rax\n"                                                                          \
	"	jz 1f\n"                                                                                  \
	"	mov $-1, %r9d\n"                                                                          \
	"1:	mov %rdx, %rax\n"                                                                       \
	"	shr $32, %rax\n"                                                                          \
	"	movzwl %ax, %eax\n"                                                                       \
	"	test %eax, %eax\n"                                                                        \
	"	jz 1f\n"                                                                                  \
	"	imul %rax, %r9\n"                                                                         \
	"	jmp 8f\n"                                                                                 \
	"1:	add $63, %r9\n"                                                                         \
	"	shr $6, %r9\n"                                                                            \
	"	shl $3, %r9\n"                                                                            \
	"8:	mov %rdx, %rax\n" /* bytes */                                                       \
	"	shr $48, %rax\n"                                                                          \
	"	movzbl %dl, %edx\n"                                                                       \
	"	lea 0x200(%rdx, %r10), %edx\n" /* FT_PAYLOAD_BYTES */                               \
	"	cmp %rax, %r9\n"                                                                          \
	"	jbe 1f\n"                                                                                 \
	"	mov %rax, %r9\n"                                                                          \
	"	or $0x20000, %edx\n" /* FT_PAYLOAD_TRUNCATED */                                     \
	"1:	lea 16(%rdi), %r8\n"                                                                    \
	"	mov %rsi, 8(%rdi)\n"                                                                      \
	"	sub $8, %r9\n"                                                                            \
	"	jb ft_ops_tail\n"                                                                         \
	"ft_ops_word:\n"                                                                            \
	"	mov (%rsi), %rax\n"                                                                       \
	"	mov %rax, (%r8)\n"                                                                        \
	"	add $8, %rsi\n"                                                                           \
	"	add $8, %r8\n"                                                                            \
	"	sub $8, %r9\n"                                                                            \
	"	jae ft_ops_word\n"                                                                        \
	"ft_ops_tail:\n"                                                                            \
	"	add $8, %r9\n"                                                                            \
	"	jz ft_ops_put\n"                                                                          \
	"ft_ops_byte:\n"                                                                            \
	"	movzbl (%rsi), %eax\n"                                                                    \
	"	mov %al, (%r8)\n"                                                                         \
	"	inc %rsi\n"                                                                               \
	"	inc %r8\n"                                                                                \
	"	dec %r9\n"                                                                                \
	"	jnz ft_ops_byte\n"                                                                        \
	"	jmp ft_ops_put\n"                                                                         \
	"ft_ops_string:\n"                                                                          \
	"	mov %rdx, %r9\n"                                                                          \
	"	shr $48, %r9\n"                                                                           \
	"	movzbl %dl, %edx\n"                                                                       \
	"	lea 0x100(%rdx, %r10), %edx\n" /* FT_PAYLOAD_STRING */                              \
	"	lea 16(%rdi), %r8\n"                                                                      \
	"	mov %rsi, 8(%rdi)\n"                                                                      \
	"ft_ops_char:\n"                                                                            \
	"	movzbl (%rsi), %eax\n"                                                                    \
	"	test %al, %al\n"                                                                          \
	"	jz ft_ops_put\n"                                                                          \
	"	mov %al, (%r8)\n"                                                                         \
	"	inc %rsi\n"                                                                               \
	"	inc %r8\n"                                                                                \
	"	dec %r9\n"                                                                                \
	"	jnz ft_ops_char\n"                                                                        \
	"	or $0x20000, %edx\n"                                                                      \
	"	jmp ft_ops_put\n"                                                                         \
	"ft_ops_cut:\n"                                                                             \
	"	or $0x60000, %edx\n" /* and FT_PAYLOAD_FAULT */                                     \
	"	lea 16(%rdi), %rax\n"                                                                     \
	"	cmp %rax, %r8\n"                                                                          \
	"	jne ft_ops_put\n"                                                                         \
	"	xor $0x20000, %edx\n" /* alone: not one byte */                                     \
	"ft_ops_put:\n"                                                                             \
	"	mov %edx, 4(%rdi)\n"                                                                      \
	"	mov %r8, %rax\n"                                                                          \
	"	sub %rdi, %rax\n"                                                                         \
	"	sub $16, %eax\n"                                                                          \
	"	mov %eax, (%rdi)\n"                                                                       \
	"	movq $0, (%r8)\n"                                                                         \
	"	lea 7(%r8), %rdi\n"                                                                       \
	"	and $-8, %rdi\n"                                                                          \
	"	jmp ft_ops\n"                                                                             \
	"ft_ops_tracer:\n"                                                                          \
	"	test %r10d, %r10d\n"                                                                      \
	"	jnz ft_capture_unread\n"                                                                  \
	"ft_ops_before:\n"                                                                          \
	"	jmp ft_capture_full\n"                                                                    \
	"ft_ops_end:\n"                                                                             \
	"	test %r10d, %r10d\n"                                                                      \
	"	jnz ft_capture_done\n"                                                                    \
	"ft_ops_entered:\n"                                                                         \
	"	mov %rdi, %gs:48\n"                                                                       \
	"	mov %edi, 92(%rcx)\n"                                                                     \
	"	add $8, %r11\n"                                                                           \
	"	mov %r11, %gs:0\n"                                                                        \
	"	movzwl %gs:40, %eax\n"                                                                    \
	"	add $0x7f, %al\n" /* overflows if it did */                                         \
	"	sahf\n"                                                                                   \
	"	mov 24(%rcx), %rdi\n"                                                                     \
	"	mov 32(%rcx), %rsi\n"                                                                     \
	"	mov 48(%rcx), %r10\n"                                                                     \
	"	mov 56(%rcx), %r8\n"                                                                      \
	"	mov 64(%rcx), %r9\n"                                                                      \
	"	jmp ft_capture_borrowing\n"                                                               \
	"ft_capture_full:\n"                                                                        \
	"	movzwl %gs:40, %eax\n"                                                                    \
	"	add $0x7f, %al\n"                                                                         \
	"	sahf\n"                                                                                   \
	"	mov 72(%rcx), %rax\n"                                                                     \
	"	mov 24(%rcx), %rdi\n"                                                                     \
	"	mov 32(%rcx), %rsi\n"                                                                     \
	"	mov 40(%rcx), %rdx\n"                                                                     \
	"	mov 48(%rcx), %r10\n"                                                                     \
	"	mov 56(%rcx), %r8\n"                                                                      \
	"	mov 64(%rcx), %r9\n"                                                                      \
	"	jmp ft_trap\n"                                                                            \
	"ft_traced:\n" /* what is to be copied before the call the tracer copies */                 \
	"	keep\n"                                                                                   \
	"	mov %gs:48, %r11\n"                                                                       \
	"	mov %r11d, 88(%rcx)\n"                                                                    \
	"	mov %r11d, 92(%rcx)\n"                                                                    \
	"ft_capture_borrowing:\n"                                                                   \
	"	rdtsc\n"                                                                                  \
	"	mov %eax, (%rcx)\n"                                                                       \
	"	mov %edx, 4(%rcx)\n"                                                                      \
	"	mov 72(%rcx), %rax\n"                                                                     \
	"	mov 40(%rcx), %rdx\n"                                                                     \
	"	mov %rcx, %gs:24\n"                                                                       \
	"	syscall\n"                                                                                \
	"ft_capture_returned:\n"                                                                    \
	"	mov %gs:16, %rcx\n"                                                                       \
	"	mov %rax, 16(%rcx)\n"                                                                     \
	"ft_capture_finished:\n"                                                                    \
	"	rdtsc\n"                                                                                  \
	"	mov %eax, 8(%rcx)\n"                                                                      \
	"	mov %edx, 12(%rcx)\n"                                                                     \
	"	lahf\n"                                                                                   \
	"	seto %al\n"                                                                               \
	"	mov %ax, %gs:40\n"                                                                        \
	"ft_capture_after:\n"                                                                       \
	"	cmpl $14, 72(%rcx)\n"                                                                     \
	"	jne 1f\n"                                                                                 \
	"	mov $14, %eax\n" /* as ft_record_mask does */                                       \
	"	mov $0, %edi\n"                                                                           \
	"	mov $0, %esi\n"                                                                           \
	"	lea 80(%rcx), %rdx\n"                                                                     \
	"	mov $8, %r10d\n"                                                                          \
	"	orl $1, 88(%rcx)\n"                                                                       \
	"	syscall\n"                                                                                \
	"	mov %gs:16, %rcx\n"                                                                       \
	"	mov 80(%rcx), %rax\n"                                                                     \
	"	mov %rax, %gs:32\n"                                                                       \
	"	jmp 2f\n" /* the old mask can be read: the kernel has just written it */            \
	"1:	testl $0x440, %gs:32\n"                                                                 \
	"	setnz %al\n"                                                                              \
	"	jmp 3f\n"                                                                                 \
	"2:	xor %eax, %eax\n"                                                                       \
	"3:	mov %gs:0, %r11\n"                                                                      \
	"	mov %gs:48, %rdi\n"                                                                       \
	"	test %r11, %r11\n"                                                                        \
	"	jz ft_capture_unread\n"                                                                   \
	"	cmpl $0, (%r11)\n"                                                                        \
	"	je ft_capture_done\n"                                                                     \
	"	test %al, %al\n"                                                                          \
	"	jnz ft_capture_unread\n"                                                                  \
	"	testb $1, %gs:44\n"                                                                       \
	"	jnz ft_capture_unread\n"                                                                  \
	"	cmpq $0, %gs:56\n"                                                                        \
	"	je ft_capture_unread\n"                                                                   \
	"	mov $0x80000, %r10d\n" /* FT_PAYLOAD_EXIT */                                        \
	"	jmp ft_ops\n"                                                                             \
	"ft_capture_unread:\n"                                                                      \
	"	mov %gs:48, %rdi\n"                                                                       \
	"	int3\n"                                                                                   \
	"ft_unread:\n"                                                                              \
	"	jmp ft_capture_done\n"                                                                    \
	"ft_capture_done:\n"                                                                        \
	"	mov %rdi, %gs:48\n"                                                                       \
	"	mov %edi, 92(%rcx)\n"                                                                     \
	"	movzwl %gs:40, %eax\n"                                                                    \
	"	add $0x7f, %al\n"                                                                         \
	"	sahf\n"                                                                                   \
	"	mov 24(%rcx), %rdi\n"                                                                     \
	"	mov 32(%rcx), %rsi\n"                                                                     \
	"	mov 48(%rcx), %r10\n"                                                                     \
	"	mov 56(%rcx), %r8\n"                                                                      \
	"	mov 64(%rcx), %r9\n"                                                                      \
	"	mov 16(%rcx), %rax\n"                                                                     \
	"	mov 40(%rcx), %rdx\n"                                                                     \
	"	lea 96(%rcx), %rcx\n"                                                                     \
	"	mov %rcx, %gs:16\n"                                                                       \
	"ft_capture_closed:\n"                                                                      \
	"	movzwl %cx, %ecx\n"                                                                       \
	"	jrcxz 1f\n"                                                                               \
	"	mov %gs:8, %rcx\n"                                                                        \
	"	jmp *%rcx\n"                                                                              \
	"1:	jmp ft_end_of_block\n"

#endif
