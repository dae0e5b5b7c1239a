/* The records of FreeBSD's tables of sockets and of open files, in our own words:
 * what the headers of FreeBSD 12 to 15 declare, with the same types in the same
 * order. Tests hold the offset tables against what clang makes of it. */
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
#define ALIGNED __attribute__((aligned(8)))

struct xsockbuf { u32 counts[6]; i32 sb_lowat, sb_timeo; i16 sb_flags; };
struct xsocket {
	u64 xso_len, xso_so, so_pcb, so_oobmark;
	i64 spare64[8];
	i32 xso_protocol, xso_family;
	u32 so_qlen, so_incqlen, so_qlimit;
	i32 so_pgid;
	u32 so_uid;
	i32 spare32[8];
	i16 so_type, so_options, so_linger, so_state, so_timeo;
	u16 so_error;
	struct xsockbuf so_rcv, so_snd;
};
union address { u8 v6[16]; struct { u32 pad[3]; u32 v4; } mapped; };
struct in_conninfo {
	u8 inc_flags, inc_len;
	u16 inc_fibnum;
	u16 ie_fport, ie_lport;
	union address faddr, laddr;
	u32 ie6_zoneid;
};
struct xinpcb {
	u64 xi_len;
	struct xsocket xi_socket;
	struct in_conninfo inp_inc;
	u64 inp_gencnt, inp_ppcb;
	i64 inp_spare64[4];
	u32 inp_flow, inp_flowid, inp_flowtype;
	i32 inp_flags, inp_flags2, inp_rss_listen_bucket, in6p_cksum;
	i32 inp_spare32[4];
	u16 in6p_hops;
	u8 inp_ip_tos;
	i8 pad8;
	u8 inp_vflag, inp_ip_ttl, inp_ip_p, inp_ip_minttl;
	i8 inp_spare8[4];
} ALIGNED;
struct xinpgen {
	u64 xig_len;
	u32 xig_count, spare32;
	u64 xig_gen, xig_sogen, spare64[4];
} ALIGNED;
struct xtcpcb {
	u64 xt_len;
	struct xinpcb xt_inp;
	char xt_stack[32], xt_logid[64], xt_cc[16];
	i64 spare64[6];
	i32 t_state;
	u32 others[17];
	i32 spare32[26];
} ALIGNED;
struct sockaddr_un { u8 sun_len, sun_family; char sun_path[104]; };
struct xunpcb {
	u64 xu_len, xu_unpp, unp_vnode, unp_conn, xu_firstref, xu_nextref, unp_gencnt;
	i64 spare64[8];
	i32 spare32[8];
	union { struct sockaddr_un un; char dummy[256]; } xu_addr, xu_caddr;
	struct xsocket xu_socket;
} ALIGNED;
struct xunpgen { u64 xug_len; u32 xug_count; u64 xug_gen, xug_sogen; } ALIGNED;
struct xfile {
	u64 xf_size;
	i32 xf_pid;
	u32 xf_uid;
	i32 xf_fd, pad1;
	u64 xf_file;
	i16 xf_type, short_pad;
	i32 xf_count, xf_msgcount, pad2;
	i64 xf_offset;
	u64 xf_data, xf_vnode;
	u32 xf_flag;
	i32 pad3;
	i64 spare64[6];
};
