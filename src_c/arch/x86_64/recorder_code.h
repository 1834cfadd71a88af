/* The recorder's code as bytes, and the places in it that recorder.c tells apart. */
#ifndef FT_RECORDER_CODE_H
#define FT_RECORDER_CODE_H

#include <stdint.h>

extern const uint8_t ft_recorder_start[], ft_entry[], ft_gs_lost[], ft_entry_without_gs[],
	ft_has_ret[], ft_trapped[], ft_pass[], ft_passed[], ft_record[], ft_to_mask[],
	ft_record_borrowing[], ft_record_returned[], ft_record_finished[], ft_record_closed[],
	ft_end_of_block[], ft_full[], ft_record_mask[], ft_record_mask_borrowing[],
	ft_record_mask_returned[], ft_record_mask_finished[], ft_record_mask_closed[], ft_beyond[],
	ft_capture[], ft_capture_saving[], ft_capture_copying[], ft_ops[], ft_ops_count[],
	ft_ops_word[], ft_ops_tail[], ft_ops_byte[], ft_ops_char[], ft_ops_cut[], ft_ops_entered[],
	ft_traced[], ft_capture_borrowing[], ft_capture_returned[], ft_capture_finished[],
	ft_capture_after[], ft_unread[], ft_capture_closed[], ft_return[], ft_return_rax[],
	ft_return_mask[], ft_return_borrowing[], ft_return_timed[], ft_return_masked[],
	ft_return_leaving[], ft_return_refused[], ft_came_back[], ft_return_unread[], ft_brief[],
	ft_brief_borrowing[], ft_brief_returned[], ft_brief_finished[], ft_brief_closed[],
	ft_brief_mask[], ft_brief_mask_borrowing[], ft_brief_mask_returned[],
	ft_brief_mask_finished[], ft_brief_mask_closed[], ft_brief_return[], ft_brief_return_rax[],
	ft_brief_return_mask[], ft_brief_return_borrowing[], ft_brief_return_timed[], ft_birth[],
	ft_birth_trap[], ft_birth_copying[], ft_birth_copied[], ft_birth_make[],
	ft_birth_borrowing[], ft_birth_claimed[], ft_birth_returned[], ft_brief_birth_make[],
	ft_brief_birth_borrowing[], ft_brief_birth_claimed[], ft_brief_birth_returned[], ft_call[],
	ft_sync[], ft_sync_first[], ft_sync_second[], ft_recorder_end[];

#endif
