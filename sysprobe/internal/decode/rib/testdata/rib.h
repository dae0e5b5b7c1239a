/* The headers of routing messages and struct if_data, in our own words: what
 * each system's headers declare, with the same types in the same order. Tests
 * hold the offset tables against what clang makes of it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
#if defined(__NetBSD__) && !defined(__i386__) || !defined(__NetBSD__)
typedef u64 w64;
#else
typedef u64 w64 __attribute__((aligned(8)));
#endif

#if defined(__FreeBSD__)
struct data {
	u8 ifi_type, ifi_physical, ifi_addrlen, ifi_hdrlen, ifi_link_state, ifi_vhid;
	u16 ifi_datalen;
	u32 ifi_mtu, ifi_metric;
	u64 ifi_baudrate, ifi_ipackets, ifi_ierrors, ifi_opackets, ifi_oerrors, ifi_collisions, ifi_ibytes, ifi_obytes;
	u64 ifi_imcasts, ifi_omcasts, ifi_iqdrops, ifi_oqdrops, ifi_noproto, ifi_hwassist, ifi_epoch, ifi_lastchange[2];
};
struct link {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index, spare;
	struct data data;
};
struct longlink {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index, spare1, header, data;
	u32 spare2;
};
struct longaddr {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index, spare1, header, data;
	i32 metric;
};

#elif defined(__OpenBSD__)
struct data {
	u8 ifi_type, ifi_addrlen, ifi_hdrlen, ifi_link_state;
	u32 ifi_mtu, ifi_metric, ifi_rdomain;
	u64 ifi_baudrate, ifi_ipackets, ifi_ierrors, ifi_opackets, ifi_oerrors, ifi_collisions, ifi_ibytes, ifi_obytes;
	u64 ifi_imcasts, ifi_omcasts, ifi_iqdrops, ifi_oqdrops, ifi_noproto;
};
struct link {
	u16 length;
	u8 version, type;
	u16 header, index, table;
	u8 priority, mpls;
	i32 addrs, flags, xflags;
};
struct addr {
	u16 length;
	u8 version, type;
	u16 header, index, table;
	u8 priority, mpls;
	i32 addrs, flags, metric;
};
struct announce { u16 length; u8 version, type; u16 header, index, what; char name[16]; };

#elif defined(__NetBSD__)
struct data {
	u8 ifi_type, ifi_addrlen, ifi_hdrlen;
	i32 ifi_link_state;
	w64 ifi_mtu, ifi_metric, ifi_baudrate, ifi_ipackets, ifi_ierrors, ifi_opackets, ifi_oerrors, ifi_collisions;
	w64 ifi_ibytes, ifi_obytes, ifi_imcasts, ifi_omcasts, ifi_iqdrops, ifi_noproto;
};
struct link {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index;
	struct data data;
	w64 lastchange[2];
};
struct addr { u16 length; u8 version, type; i32 addrs, flags, metric; u16 index; w64 none[0]; };
struct newaddr { u16 length; u8 version, type; u16 index; i32 flags, addrs, pid, addrflags, metric; w64 none[0]; };

#elif defined(__APPLE__)
struct data {
	u8 ifi_type, ifi_typelen, ifi_physical, ifi_addrlen, ifi_hdrlen, ifi_recvquota, ifi_xmitquota, ifi_unused1;
	u32 ifi_mtu, ifi_metric, ifi_baudrate, ifi_ipackets, ifi_ierrors, ifi_opackets, ifi_oerrors, ifi_collisions;
	u32 ifi_ibytes, ifi_obytes, ifi_imcasts, ifi_omcasts, ifi_iqdrops, ifi_noproto, ifi_recvtiming, ifi_xmittiming;
	u32 ifi_lastchange[2], ifi_unused2, ifi_hwassist, ifi_reserved[2];
};
#pragma pack(4)
struct data64 {
	u8 ifi_type, ifi_typelen, ifi_physical, ifi_addrlen, ifi_hdrlen, ifi_recvquota, ifi_xmitquota, ifi_unused1;
	u32 ifi_mtu, ifi_metric;
	u64 ifi_baudrate, ifi_ipackets, ifi_ierrors, ifi_opackets, ifi_oerrors, ifi_collisions, ifi_ibytes, ifi_obytes;
	u64 ifi_imcasts, ifi_omcasts, ifi_iqdrops, ifi_noproto;
	u32 ifi_recvtiming, ifi_xmittiming, ifi_lastchange[2];
};
#pragma pack()
struct link {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index;
	struct data data;
};
struct link2 {
	u16 length;
	u8 version, type;
	i32 addrs, flags;
	u16 index;
	i32 ifm_snd_len, ifm_snd_maxlen, ifm_snd_drops, ifm_timer;
	struct data64 data;
};
#endif

#if defined(__FreeBSD__) || defined(__APPLE__)
struct addr { u16 length; u8 version, type; i32 addrs, flags; u16 index; i32 metric; };
#endif
#if defined(__FreeBSD__) || defined(__NetBSD__)
struct announce { u16 length; u8 version, type; u16 index; char name[16]; u16 what; };
#endif
