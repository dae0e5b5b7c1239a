/* Structures of iptypes.h and netioapi.h, in our own words: the same types in
 * the same order. Tests hold the offset tables against what clang makes of it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef void *ptr;

struct sockaddr_ref {
	ptr sockaddr;
	int length;
};

struct unicast {
	union {
		u64 align;
		struct {
			u32 length, flags;
		};
	};
	ptr next;
	struct sockaddr_ref address;
	u32 prefix_origin, suffix_origin, dad_state;
	u32 valid, preferred, lease;
	u8 prefix_len;
};

struct adapter {
	union {
		u64 align;
		struct {
			u32 length, index;
		};
	};
	ptr next, adapter_name, unicast, anycast, multicast, dns, dns_suffix, description, friendly_name;
	u8 hw[8];
	u32 hw_len, flags, mtu, if_type, oper_status, index6, zones[16];
	ptr first_prefix;
	u64 transmit, receive;
	ptr wins, gateway;
	u32 metric4, metric6;
	u64 luid;
};

struct row {
	u64 luid;
	u32 index;
	u8 guid[16];
	u16 alias[257], description[257];
	u32 hw_len;
	u8 hw[32], permanent[32];
	u32 mtu, type, tunnel, media, medium, access, direction;
	u8 flags;
	u32 oper_status, admin_status, media_state;
	u8 network[16];
	u32 connection;
	u64 transmit, receive;
	u64 in_octets, in_ucast, in_nucast, in_discards, in_errors, in_unknown, in_ucast_octets, in_mcast_octets, in_bcast_octets;
	u64 out_octets, out_ucast, out_nucast, out_discards, out_errors, out_ucast_octets, out_mcast_octets, out_bcast_octets;
	u64 out_qlen;
};

struct table {
	u32 rows;
	struct row row[1];
};
