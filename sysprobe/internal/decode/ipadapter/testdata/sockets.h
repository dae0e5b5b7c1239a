/* Structures of tcpmib.h and udpmib.h, in our own words: the same types in the
 * same order. */
typedef unsigned char u8;
typedef unsigned int u32;

struct tcp4 {
	u32 state, local, local_port, remote, remote_port, pid;
};

struct tcp6 {
	u8 local[16];
	u32 local_scope, local_port;
	u8 remote[16];
	u32 remote_scope, remote_port, state, pid;
};

struct udp4 {
	u32 local, local_port, pid;
};

struct udp6 {
	u8 local[16];
	u32 local_scope, local_port, pid;
};
