#if defined(__x86_64__)
#include "arch/x86_64/recorder_code.h"

#include "arch/x86_64/recorder.h"
#include "arch/x86_64/recorder_birth.h"
#include "arch/x86_64/recorder_capture.h"

/*
 * Only rcx and r11 are free, for the syscall instruction destroys them. With these two, and rax and rdx
 * which come back from the record, no instruction here touches a flag, the stack or a vector register.
 * %gs:8 ret, 16 cur, 24 busy, 32 mask, 44 handler: struct ft_area. (%rcx): struct ft_raw.
 */
__asm__(".macro keep\n" /* number and arguments */
	"	mov %gs:16, %rcx\n"
	"	mov %rax, 72(%rcx)\n"
	"	mov %rdi, 24(%rcx)\n"
	"	mov %rsi, 32(%rcx)\n"
	"	mov %rdx, 40(%rcx)\n"
	"	mov %r10, 48(%rcx)\n"
	"	mov %r8, 56(%rcx)\n"
	"	mov %r9, 64(%rcx)\n"
	".endm\n"
	".macro recording name, mask\n"
	"ft_\\name:\n"
	"	keep\n"
	"	.if \\mask\n"
	"	movq $0, 88(%rcx)\n"
	"	.endif\n"
	"ft_\\name\\()_borrowing:\n"
	"	rdtsc\n"
	"	mov %eax, (%rcx)\n"
	"	mov %edx, 4(%rcx)\n"
	"	mov 72(%rcx), %rax\n"
	"	mov 40(%rcx), %rdx\n"
	"	mov %rcx, %gs:24\n"
	"	syscall\n"
	"ft_\\name\\()_returned:\n"
	"	mov %gs:16, %rcx\n"
	"	mov %rax, 16(%rcx)\n"
	"ft_\\name\\()_finished:\n"
	"	rdtsc\n"
	"	mov %eax, 8(%rcx)\n"
	"	mov %edx, 12(%rcx)\n"
	"	.if \\mask\n"
	"	mov $14, %eax\n" /* rt_sigprocmask(0, NULL, &record.mask, 8) */
	"	mov $0, %edi\n"
	"	mov $0, %esi\n"
	"	lea 80(%rcx), %rdx\n"
	"	mov $8, %r10d\n"
	"	movq $1, 88(%rcx)\n"
	"	syscall\n"
	"	mov %gs:16, %rcx\n"
	"	mov 80(%rcx), %rax\n"
	"	mov %rax, %gs:32\n"
	"	mov 24(%rcx), %rdi\n"
	"	mov 32(%rcx), %rsi\n"
	"	mov 48(%rcx), %r10\n"
	"	.endif\n"
	"	mov 16(%rcx), %rax\n"
	"	mov 40(%rcx), %rdx\n"
	"	lea 96(%rcx), %rcx\n"
	"	mov %rcx, %gs:16\n"
	"ft_\\name\\()_closed:\n"
	"	movzwl %cx, %ecx\n"
	"	jrcxz 1f\n"
	"	mov %gs:8, %rcx\n"
	"	jmp *%rcx\n"
	"1:	jmp ft_end_of_block\n"
	".endm\n"
	/* A brief record. %gs:64: struct ft_kept. */
	".macro recording_briefly name, mask\n"
	"ft_\\name:\n"
	"	mov %gs:16, %rcx\n"
	"	mov %rax, 24(%rcx)\n"
	"	mov %rdi, %gs:64\n"
	"	.if \\mask\n"
	"	mov %rsi, %gs:72\n"
	"	mov %r10, %gs:88\n"
	"	movq $0, %gs:96\n"
	"	.endif\n"
	"	mov %rdx, %gs:80\n"
	"ft_\\name\\()_borrowing:\n"
	"	rdtsc\n"
	"	mov %eax, (%rcx)\n"
	"	mov %edx, 4(%rcx)\n"
	"	mov 24(%rcx), %rax\n"
	"	mov %gs:80, %rdx\n"
	"	mov %rcx, %gs:24\n"
	"	syscall\n"
	"ft_\\name\\()_returned:\n"
	"	mov %gs:16, %rcx\n"
	"	mov %rax, 16(%rcx)\n"
	"ft_\\name\\()_finished:\n"
	"	rdtsc\n"
	"	mov %eax, 8(%rcx)\n"
	"	mov %edx, 12(%rcx)\n"
	"	.if \\mask\n"
	"	mov $14, %eax\n" /* as ft_record_mask does, into area.mask itself */
	"	mov $0, %edi\n"
	"	mov $0, %esi\n"
	"	mov %gs:0, %rdx\n"
	"	mov $8, %r10d\n"
	"	movl $1, 28(%rcx)\n"
	"	movq $1, %gs:96\n"
	"	syscall\n"
	"	mov %gs:16, %rcx\n"
	"	mov %gs:64, %rdi\n"
	"	mov %gs:72, %rsi\n"
	"	mov %gs:88, %r10\n"
	"	.endif\n"
	"	mov 16(%rcx), %rax\n"
	"	mov %gs:80, %rdx\n"
	"	lea 32(%rcx), %rcx\n"
	"	mov %rcx, %gs:16\n"
	"ft_\\name\\()_closed:\n"
	"	movzwl %cx, %ecx\n"
	"	jrcxz 1f\n"
	"	mov %gs:8, %rcx\n"
	"	jmp *%rcx\n"
	"1:	jmp ft_end_of_block\n"
	".endm\n"

	".pushsection .rodata\n"
	".balign 4096\n"
	"ft_recorder_start:\n"
	"ft_entry:\n"
	"	rdgsbase %rcx\n"
	"	bswap %rcx\n" /* the upper half, reversed, is now the lower one */
	"	lea -0x907e0000(%rcx), %ecx\n"
	"	jrcxz ft_entry_without_gs\n"
	"	int3\n"
	"ft_gs_lost:\n"
	"ft_entry_without_gs:\n"
	"	mov %r11, %gs:8\n"
	"ft_has_ret:\n"
	"	mov %eax, %ecx\n"
	"	bswap %ecx\n"
	"	movzwl %cx, %ecx\n" /* a number of more than 16 bits? */
	"	jrcxz 1f\n"
	"	jmp ft_trap\n"
	"1:	movzwl %ax, %ecx\n"
	"	lea ft_recorder_start + 0x1000(%rip), %r11\n"
	"	movzbl (%r11, %rcx), %ecx\n"
	"	jrcxz ft_record\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz ft_pass\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz ft_trap\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz ft_to_mask\n"
	"	lea ft_recorder_start + 0x11000(%rip), %r11\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz 2f\n"
	"	lea 0x100(%r11), %r11\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz 2f\n"
	"	lea 0x100(%r11), %r11\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz 2f\n"
	"	jmp ft_beyond\n"
	"2:	movzbl %dil, %ecx\n"
	"	movzbl (%r11, %rcx), %ecx\n"
	"	jrcxz ft_record\n"
	"	lea -1(%rcx), %ecx\n"
	"	jrcxz ft_trap\n"
	"	mov %rsi, %rcx\n"
	"	jrcxz ft_record\n"
	"ft_trap:\n"
	"	int3\n"
	"ft_trapped:\n"
	"ft_pass:\n"
	"	syscall\n"
	"ft_passed:\n"
	"	mov %gs:8, %rcx\n"
	"	jmp *%rcx\n"
	"ft_to_mask:\n"
	"	jmp ft_record_mask\n"
	"	recording record, 0\n"
	"ft_end_of_block:\n"
	"	mov %gs:16, %rcx\n"
	"	mov (%rcx), %r11\n"
	"	movq $0, (%rcx)\n" /* taken: not again before the tracer says so */
	"	mov %r11, %rcx\n"
	"	jrcxz 1f\n"
	"	mov %rcx, %gs:16\n"
	"	mov %gs:8, %rcx\n"
	"	jmp *%rcx\n"
	"1:	int3\n"
	"ft_full:\n"
	"	mov %gs:8, %rcx\n"
	"	jmp *%rcx\n"
	"	recording record_mask, 1\n" FT_RECORDER_CAPTURE
	/*
	 * rt_sigreturn: the stack pointer is the frame's, as it has to be. It does not come back, so its record is finished
	 * before: with the rax that the frame gives back, and the signal mask, which is the program's from then on.
	 */
	"ft_return:\n"
	"	keep\n"
	"ft_return_rax:\n"
	"	mov 144(%rsp), %r11\n"
	"	mov %r11, 16(%rcx)\n"
	"ft_return_mask:\n"
	"	mov 296(%rsp), %r11\n"
	"	mov %r11, 80(%rcx)\n"
	"	mov %rsp, 88(%rcx)\n"
	"ft_return_borrowing:\n"
	"	rdtsc\n"
	"	mov %eax, (%rcx)\n"
	"	mov %edx, 4(%rcx)\n"
	"	mov %eax, 8(%rcx)\n"
	"	mov %edx, 12(%rcx)\n"
	"	mov 72(%rcx), %rax\n"
	"	mov 40(%rcx), %rdx\n"
	"	mov %rcx, %gs:24\n"
	"ft_return_timed:\n"
	"	lea 96(%rcx), %r11\n"
	"	movzwl %r11w, %ecx\n"
	"	jrcxz ft_return_unread\n" /* the last of a block is the tracer's: it is closed here in one step */
	"	mov %gs:16, %rcx\n"
	"	mov 80(%rcx), %rcx\n"
	"ft_return_masking:\n"
	"	mov %rcx, %gs:32\n"
	"ft_return_masked:\n"
	"	movl $0, %gs:44\n"
	"	mov %r11, %gs:16\n"
	"ft_return_leaving:\n"
	"	syscall\n"
	"ft_return_refused:\n" /* seccomp says no */
	"	int3\n"
	"ft_came_back:\n"
	"ft_return_unread:\n"
	"	jmp ft_trap\n"
	/* In their places where records are brief: */
	"	recording_briefly brief, 0\n"
	"	recording_briefly brief_mask, 1\n"
	"ft_brief_return:\n"
	"	mov %gs:16, %rcx\n"
	"	mov %rax, 24(%rcx)\n"
	"	mov %rdx, %gs:80\n"
	"ft_brief_return_rax:\n"
	"	mov 144(%rsp), %r11\n"
	"	mov %r11, 16(%rcx)\n"
	"ft_brief_return_mask:\n"
	"	mov 296(%rsp), %r11\n"
	"	mov %r11, %gs:64\n"
	"	mov %rsp, %gs:96\n"
	"ft_brief_return_borrowing:\n"
	"	rdtsc\n"
	"	mov %eax, (%rcx)\n"
	"	mov %edx, 4(%rcx)\n"
	"	mov %eax, 8(%rcx)\n"
	"	mov %edx, 12(%rcx)\n"
	"	mov 24(%rcx), %rax\n"
	"	mov %gs:80, %rdx\n"
	"	mov %rcx, %gs:24\n"
	"ft_brief_return_timed:\n"
	"	movl $1, 28(%rcx)\n"
	"	lea 32(%rcx), %r11\n"
	"	movzwl %r11w, %ecx\n"
	"	jrcxz 1f\n"
	"	mov %gs:64, %rcx\n"
	"	jmp ft_return_masking\n"
	"1:	jmp ft_trap\n" FT_RECORDER_MAKING
	/* For the tracer: one call; and what makes the other processors of this address space serialize: a
	 * change of the page at rdi, whose TLB entries they are interrupted to drop. */
	"ft_call:\n"
	"	syscall\n"
	"	int3\n"
	"ft_sync:\n"
	"	mov $10, %eax\n" /* mprotect */
	"	mov $0x1000, %esi\n"
	"	mov $0, %edx\n" /* PROT_NONE */
	"	syscall\n"
	"ft_sync_first:\n"
	"	mov $10, %eax\n"
	"	mov $1, %edx\n" /* PROT_READ: no code, which a seccomp filter may forbid to make of memory */
	"	syscall\n"
	"ft_sync_second:\n"
	"	int3\n"
	"ft_recorder_end:\n"
	/* Those that recorder_code.h names. */
	".irp label, ft_recorder_start, ft_entry, ft_gs_lost, ft_entry_without_gs, ft_has_ret, "
	"	ft_trapped, ft_pass, ft_passed, ft_record, ft_to_mask, ft_record_borrowing, "
	"	ft_record_returned, ft_record_finished, ft_record_closed, ft_end_of_block, "
	"	ft_full, ft_record_mask, ft_record_mask_borrowing, ft_record_mask_returned, "
	"	ft_record_mask_finished, ft_record_mask_closed, ft_beyond, ft_capture, "
	"	ft_capture_saving, ft_capture_copying, ft_ops, ft_ops_count, ft_ops_word, "
	"	ft_ops_tail, ft_ops_byte, ft_ops_char, ft_ops_cut, ft_ops_entered, ft_traced, "
	"	ft_capture_borrowing, ft_capture_returned, ft_capture_finished, "
	"	ft_capture_after, ft_unread, ft_capture_closed, ft_return, ft_return_rax, "
	"	ft_return_mask, ft_return_borrowing, ft_return_timed, ft_return_masked, "
	"	ft_return_leaving, ft_return_refused, ft_came_back, ft_return_unread, ft_brief, "
	"	ft_brief_borrowing, ft_brief_returned, ft_brief_finished, ft_brief_closed, "
	"	ft_brief_mask, ft_brief_mask_borrowing, ft_brief_mask_returned, "
	"	ft_brief_mask_finished, ft_brief_mask_closed, ft_brief_return, "
	"	ft_brief_return_rax, ft_brief_return_mask, ft_brief_return_borrowing, "
	"	ft_brief_return_timed, ft_birth, ft_birth_trap, "
	"	ft_birth_copying, ft_birth_copied, ft_birth_make, ft_birth_borrowing, "
	"	ft_birth_claimed, ft_birth_returned, ft_brief_birth_make, "
	"	ft_brief_birth_borrowing, ft_brief_birth_claimed, ft_brief_birth_returned, "
	"	ft_call, "
	"	ft_sync, ft_sync_first, ft_sync_second, ft_recorder_end\n"
	"	.globl \\label\n"
	"	.hidden \\label\n"
	".endr\n"
	".popsection\n");

#define FIELD_AT(type, field, offset)                                                              \
	static_assert(offsetof(type, field) == (offset), "the recorder's code knows it")

FIELD_AT(struct ft_area, exit_ops, 0);
FIELD_AT(struct ft_area, ret, 8);
FIELD_AT(struct ft_area, cur, 16);
FIELD_AT(struct ft_area, busy, 24);
FIELD_AT(struct ft_area, mask, 32);
FIELD_AT(struct ft_area, flags, 40);
FIELD_AT(struct ft_area, handler, 44);
FIELD_AT(struct ft_area, strings, 48);
FIELD_AT(struct ft_area, strings_limit, 56);
FIELD_AT(struct ft_birth, ready, 0);
FIELD_AT(struct ft_birth, args_at, 8);
FIELD_AT(struct ft_birth, ret, 16);
FIELD_AT(struct ft_birth, first, 24);
FIELD_AT(struct ft_birth, args, 32);
FIELD_AT(struct ft_birth, given, 120);
FIELD_AT(struct ft_raw, end, 8);
FIELD_AT(struct ft_raw, ret, 16);
FIELD_AT(struct ft_raw, args, 24);
FIELD_AT(struct ft_raw, nr, 72);
FIELD_AT(struct ft_raw, mask, 80);
FIELD_AT(struct ft_raw, strings, 88);
FIELD_AT(struct ft_raw, end_of_strings, 92);
FIELD_AT(struct ft_area, mask_at, 0);
FIELD_AT(struct ft_brief, end, 8);
FIELD_AT(struct ft_brief, ret, 16);
FIELD_AT(struct ft_brief, nr, 24);
FIELD_AT(struct ft_kept, frame, 32);
static_assert(FT_BLOCK_HEAD == 64, "where struct ft_kept is");
FIELD_AT(struct ft_payload, arg, 4);
FIELD_AT(struct ft_payload, type, 5);
FIELD_AT(struct ft_payload, flags, 6);
FIELD_AT(struct ft_payload, address, 8);
static_assert(FT_RECORDER_CODE + FT_RECORDER_VERDICTS == 0x11000 && FT_RECORDER_PROGRAMS == 0x300 &&
		      FT_RECORDER_IOCTLS == 0x700,
	"where its tables are");
static_assert(FT_PAYLOAD_STRING == 1 && FT_PAYLOAD_BYTES == 2 && FT_PAYLOAD_TRUNCATED == 2 &&
		      FT_PAYLOAD_FAULT == 4 && FT_PAYLOAD_EXIT == 8,
	"the heads that it writes");
static_assert(FT_BIRTH_AT == 0x100040 && FT_BIRTH_ARGS == 11, "where a birth's words are");
static_assert(FT_OP_TRACER == 1 && FT_OP_ONE == 2 && FT_OP_ARGUMENT == 3 && FT_OP_BEHIND == 4 &&
		      FT_OP_RESULT == 5 && FT_OP_IOCTL == 6 && FT_OP_STRING == 7,
	"the ops that it runs");
#endif
