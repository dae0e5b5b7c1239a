/* The records of the files in which the systems have who is logged in, in our own
 * words: what lib/libc/gen/utxdb.h of FreeBSD, utmpx.h of NetBSD, utmp.h of OpenBSD
 * and utmpx-darwin.h of macOS declare, with the same types in the same order. Tests
 * hold the offset tables against what clang makes of it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#if defined(__FreeBSD__)
struct record {
	u8 type;
	u64 micros;
	char id[8];
	u32 pid;
	char user[32], line[16], host[128];
} __attribute__((packed));
#elif defined(__NetBSD__)
#ifdef __LP64__
#define PAD 36
#else
#define PAD 40
#endif
struct record {
	char user[32], id[4], line[32], host[256];
	u16 session, type;
	i32 pid;
	u16 exit[2];
	struct { u8 len, family; char pad1[6]; i64 align; char pad2[112]; } address;
	struct { i64 seconds; i32 micros; } time;
	u8 pad[PAD];
};
#define seconds time.seconds
#define micros time.micros
#elif defined(__OpenBSD__)
struct record {
	char line[8], user[32], host[256];
	i64 seconds;
};
#else
struct record {
	char user[256], id[4], line[32];
	i32 pid;
	i16 type;
	i32 seconds, micros;
	char host[256];
	u32 pad[16];
};
#endif
