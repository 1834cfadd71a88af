/* Structures of NETLINK_SOCK_DIAG's answers that have bits in them (linux/tcp.h, linux/inet_diag.h). */
#include "decode/sock_diag.h"

#include "decode/protocols.h"

#define BITS	       11u /* of struct inet_diag_sockopt that have a meaning */
#define TCP_INFO_LEAST 8u /* up to the first word */

/* What an abbreviated one shows. */
#define BRIEF true

static const struct {
	const char *name;
	uint16_t at;
	uint8_t size;
	bool is_brief;
	uint8_t shift, bits; /* of the value; 0: all of it */
} tcp_fields[] = {
	{ "tcpi_retransmits", 2, 1, BRIEF, 0, 0 },
	{ "tcpi_probes", 3, 1, false, 0, 0 },
	{ "tcpi_backoff", 4, 1, false, 0, 0 },
	{ NULL, 5, 1, BRIEF, 0, 0 }, /* tcpi_options */
	{ "tcpi_snd_wscale", 6, 1, BRIEF, 0, 4 },
	{ "tcpi_rcv_wscale", 6, 1, BRIEF, 4, 4 },
	{ "tcpi_delivery_rate_app_limited", 7, 1, false, 0, 1 },
	{ "tcpi_fastopen_client_fail", 7, 1, false, 1, 2 },
	{ "tcpi_rto", 8, 4, BRIEF, 0, 0 },
	{ "tcpi_ato", 12, 4, false, 0, 0 },
	{ "tcpi_snd_mss", 16, 4, BRIEF, 0, 0 },
	{ "tcpi_rcv_mss", 20, 4, BRIEF, 0, 0 },
	{ "tcpi_unacked", 24, 4, BRIEF, 0, 0 },
	{ "tcpi_sacked", 28, 4, false, 0, 0 },
	{ "tcpi_lost", 32, 4, BRIEF, 0, 0 },
	{ "tcpi_retrans", 36, 4, BRIEF, 0, 0 },
	{ "tcpi_fackets", 40, 4, false, 0, 0 },
	{ "tcpi_last_data_sent", 44, 4, false, 0, 0 },
	{ "tcpi_last_ack_sent", 48, 4, false, 0, 0 },
	{ "tcpi_last_data_recv", 52, 4, false, 0, 0 },
	{ "tcpi_last_ack_recv", 56, 4, false, 0, 0 },
	{ "tcpi_pmtu", 60, 4, BRIEF, 0, 0 },
	{ "tcpi_rcv_ssthresh", 64, 4, false, 0, 0 },
	{ "tcpi_rtt", 68, 4, BRIEF, 0, 0 },
	{ "tcpi_rttvar", 72, 4, BRIEF, 0, 0 },
	{ "tcpi_snd_ssthresh", 76, 4, false, 0, 0 },
	{ "tcpi_snd_cwnd", 80, 4, BRIEF, 0, 0 },
	{ "tcpi_advmss", 84, 4, false, 0, 0 },
	{ "tcpi_reordering", 88, 4, false, 0, 0 },
	{ "tcpi_rcv_rtt", 92, 4, false, 0, 0 },
	{ "tcpi_rcv_space", 96, 4, false, 0, 0 },
	{ "tcpi_total_retrans", 100, 4, BRIEF, 0, 0 },
	{ "tcpi_pacing_rate", 104, 8, false, 0, 0 },
	{ "tcpi_max_pacing_rate", 112, 8, false, 0, 0 },
	{ "tcpi_bytes_acked", 120, 8, BRIEF, 0, 0 },
	{ "tcpi_bytes_received", 128, 8, BRIEF, 0, 0 },
	{ "tcpi_segs_out", 136, 4, false, 0, 0 },
	{ "tcpi_segs_in", 140, 4, false, 0, 0 },
	{ "tcpi_notsent_bytes", 144, 4, false, 0, 0 },
	{ "tcpi_min_rtt", 148, 4, false, 0, 0 },
	{ "tcpi_data_segs_in", 152, 4, false, 0, 0 },
	{ "tcpi_data_segs_out", 156, 4, false, 0, 0 },
	{ "tcpi_delivery_rate", 160, 8, false, 0, 0 },
	{ "tcpi_busy_time", 168, 8, false, 0, 0 },
	{ "tcpi_rwnd_limited", 176, 8, false, 0, 0 },
	{ "tcpi_sndbuf_limited", 184, 8, false, 0, 0 },
	{ "tcpi_delivered", 192, 4, false, 0, 0 },
	{ "tcpi_delivered_ce", 196, 4, false, 0, 0 },
	{ "tcpi_bytes_sent", 200, 8, false, 0, 0 },
	{ "tcpi_bytes_retrans", 208, 8, false, 0, 0 },
	{ "tcpi_dsack_dups", 216, 4, false, 0, 0 },
	{ "tcpi_reord_seen", 220, 4, false, 0, 0 },
	{ "tcpi_rcv_ooopack", 224, 4, false, 0, 0 },
	{ "tcpi_snd_wnd", 228, 4, false, 0, 0 },
	{ "tcpi_rcv_wnd", 232, 4, false, 0, 0 },
	{ "tcpi_rehash", 236, 4, false, 0, 0 },
	{ "tcpi_total_rto", 240, 2, false, 0, 0 },
	{ "tcpi_total_rto_recoveries", 242, 2, false, 0, 0 },
	{ "tcpi_total_rto_time", 244, 4, false, 0, 0 },
	{ "tcpi_received_ce", 248, 4, false, 0, 0 },
	{ "tcpi_delivered_e1_bytes", 252, 4, false, 0, 0 },
	{ "tcpi_delivered_e0_bytes", 256, 4, false, 0, 0 },
	{ "tcpi_delivered_ce_bytes", 260, 4, false, 0, 0 },
	{ "tcpi_received_e1_bytes", 264, 4, false, 0, 0 },
	{ "tcpi_received_e0_bytes", 268, 4, false, 0, 0 },
	{ "tcpi_received_ce_bytes", 272, 4, false, 0, 0 },
	{ "tcpi_ecn_mode", 276, 4, false, 0, 2 },
	{ "tcpi_accecn_opt_seen", 276, 4, false, 2, 2 },
	{ "tcpi_accecn_fail_mode", 276, 4, false, 4, 4 },
	{ "tcpi_options2", 276, 4, false, 8, 24 },
};

bool ft_tcp_info_shown(struct ft_walk *walk, const struct ft_piece *p)
{
	bool is_cut = p->length < p->size;

	if (p->length < TCP_INFO_LEAST)
		return false;
	ft_open(walk, "{");
	ft_next(walk, "tcpi_state");
	ft_set_shown(walk, FT_SET_TCP_STATE, p->data[0]);
	ft_next(walk, "tcpi_ca_state");
	ft_set_shown(walk, FT_SET_TCP_CONGESTION, p->data[1]);
	for (size_t i = 0; i < sizeof(tcp_fields) / sizeof(tcp_fields[0]); i++) {
		uint64_t value;

		if ((!walk->is_whole && !tcp_fields[i].is_brief) ||
			tcp_fields[i].at + tcp_fields[i].size > p->length)
			continue;
		value = ft_load(p->data + tcp_fields[i].at, tcp_fields[i].size);
		if (tcp_fields[i].bits)
			value = value >> tcp_fields[i].shift &
				((UINT64_C(1) << tcp_fields[i].bits) - 1);
		ft_next(walk, tcp_fields[i].name ? tcp_fields[i].name : "tcpi_options");
		if (tcp_fields[i].name)
			ft_integer(walk, value, FT_UNSIGNED);
		else
			ft_set_shown(walk, FT_SET_TCP_OPTIONS, value);
	}
	if (!walk->is_whole || is_cut)
		ft_more(walk);
	ft_close(walk, "}");
	return true;
}

/* Those that are set, or all. */
void ft_socket_bits_shown(struct ft_walk *walk, const struct ft_piece *p)
{
	static const char *const names[] = { "recverr", "is_icsk", "freebind", "hdrincl", "mc_loop",
		"transparent", "mc_all", "nodefrag", "bind_address_no_port", "recverr_rfc4884",
		"defer_connect", "unused" };
	uint32_t value = (uint32_t)ft_load(p->data, 2);

	ft_open(walk, "{");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t one = i < BITS ? value >> i & 1 : value >> i;

		if (!one && (!walk->is_whole || i == BITS))
			continue;
		ft_next(walk, names[i]);
		ft_integer(walk, one, FT_UNSIGNED);
	}
	ft_close(walk, "}");
}
