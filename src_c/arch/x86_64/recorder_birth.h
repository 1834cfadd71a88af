/*
 * The recorder's code that makes a thread: recorder_code.c holds it among its own.
 *
 * The flags must be those by which glibc, musl or Go make their threads, with clone3's arguments a little above the stack
 * pointer, where glibc has them: all else is the tracer's. They can be read there, but for who has them end with
 * the stack, and a fault while SIGSEGV is blocked, as it is at a thread's birth, would cost the program its handler.
 * 0x802000: CLONE_PTRACE | CLONE_UNTRACED. No flag is touched. The child does not run on from here: the tracer
 * moves it to struct ft_birth's `ret`.
 */
#ifndef FT_RECORDER_BIRTH_H
#define FT_RECORDER_BIRTH_H

#define FT_RECORDER_MAKING                                                                         \
	".macro only_flags value, from\n"                                                          \
	"	lea -\\value(\\from), %rcx\n"                                                            \
	"	jrcxz 3f\n"                                                                              \
	".endm\n"                                                                                  \
	".macro borrow_for_birth number, third\n"                                                  \
	"	rdtsc\n"                                                                                 \
	"	mov %eax, (%rcx)\n"                                                                      \
	"	mov %edx, 4(%rcx)\n"                                                                     \
	"	mov \\number(%rcx), %rax\n"                                                              \
	"	mov \\third, %rdx\n"                                                                     \
	"	mov %gs:0x1000b8, %rdi\n"                                                                \
	"	movq $0, %gs:0x100040\n"                                                                 \
	".endm\n"                                                                                  \
	".macro give_back_after_birth first\n"                                                     \
	"	mov %gs:16, %rcx\n"                                                                      \
	"	mov %rax, 16(%rcx)\n"                                                                    \
	"	mov \\first, %rdi\n"                                                                     \
	"	movsbl 23(%rcx), %ecx\n" /* below zero: no child */                                \
	"	jrcxz 1f\n"                                                                              \
	"	mov %gs:0x100048, %rcx\n"                                                                \
	"	mov %rcx, %gs:0x100040\n"                                                                \
	"1:\n"                                                                                     \
	".endm\n"                                                                                  \
	"ft_birth:\n"                                                                              \
	"	mov %gs:0x100040, %rcx\n"                                                                \
	"	jrcxz ft_birth_trap\n"                                                                   \
	"	lea -56(%rax), %ecx\n" /* clone */                                                 \
	"	jrcxz 2f\n"                                                                              \
	"	jmp 5f\n"                                                                                \
	"2:	only_flags 0x3d0f00, %rdi\n" /* glibc */                                           \
	"	only_flags 0x7d0f00, %rdi\n" /* musl */                                            \
	"	only_flags 0x50f00, %rdi\n" /* Go */                                               \
	"	only_flags 0xd0f00, %rdi\n"                                                              \
	"ft_birth_trap:\n"                                                                         \
	"	jmp ft_trap\n"                                                                           \
	"3:	lea 0x802000(%rdi), %rcx\n"                                                            \
	"	jmp 4f\n"                                                                                \
	"5:	lea -88(%rsi), %rcx\n" /* clone3 */                                                \
	"	jrcxz 1f\n"                                                                              \
	"	jmp ft_trap\n"                                                                           \
	"1:	mov %rsp, %rcx\n"                                                                      \
	"	not %rcx\n"                                                                              \
	"	lea 1(%rdi, %rcx), %r11\n" /* how far above: less than 64 KiB */                   \
	"	mov %r11, %rcx\n"                                                                        \
	"	bswap %rcx\n"                                                                            \
	"	mov %ecx, %ecx\n"                                                                        \
	"	jrcxz 1f\n"                                                                              \
	"	jmp ft_trap\n"                                                                           \
	"1:	mov %r11d, %ecx\n"                                                                     \
	"	bswap %ecx\n"                                                                            \
	"	movzwl %cx, %ecx\n"                                                                      \
	"	jrcxz ft_birth_copying\n"                                                                \
	"	jmp ft_trap\n"                                                                           \
	"ft_birth_copying:\n"                                                                      \
	"	mov (%rdi), %r11\n"                                                                      \
	"	only_flags 0x3d0f00, %r11\n"                                                             \
	"	jmp ft_trap\n"                                                                           \
	"3:	lea 0x802000(%r11), %r11\n"                                                            \
	"	mov %r11, %gs:0x100060\n"                                                                \
	"	.irp at, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80\n"                                        \
	"	mov \\at(%rdi), %r11\n"                                                                  \
	"	mov %r11, %gs:0x100060 + \\at\n"                                                         \
	"	.endr\n"                                                                                 \
	"ft_birth_copied:\n"                                                                       \
	"	mov %gs:0x100048, %rcx\n"                                                                \
	"4:	mov %rcx, %gs:0x1000b8\n"                                                              \
	"	mov %rdi, %gs:0x100058\n"                                                                \
	"	mov %gs:8, %rcx\n"                                                                       \
	"	mov %rcx, %gs:0x100050\n"                                                                \
	"ft_birth_make:\n"                                                                         \
	"	keep\n"                                                                                  \
	"ft_birth_borrowing:\n"                                                                    \
	"	borrow_for_birth 72, 40(%rcx)\n"                                                         \
	"ft_birth_claimed:\n"                                                                      \
	"	mov %rcx, %gs:24\n"                                                                      \
	"	syscall\n"                                                                               \
	"ft_birth_returned:\n"                                                                     \
	"	give_back_after_birth 24(%rcx)\n"                                                        \
	"	jmp ft_record_returned\n"                                                                \
	"ft_brief_birth_make:\n" /* where records are brief */                                     \
	"	mov %gs:16, %rcx\n"                                                                      \
	"	mov %rax, 24(%rcx)\n"                                                                    \
	"	mov %rdi, %gs:64\n"                                                                      \
	"	mov %rdx, %gs:80\n"                                                                      \
	"ft_brief_birth_borrowing:\n"                                                              \
	"	borrow_for_birth 24, %gs:80\n"                                                           \
	"ft_brief_birth_claimed:\n"                                                                \
	"	mov %rcx, %gs:24\n"                                                                      \
	"	syscall\n"                                                                               \
	"ft_brief_birth_returned:\n"                                                               \
	"	give_back_after_birth %gs:64\n"                                                          \
	"	jmp ft_brief_returned\n"

#endif
