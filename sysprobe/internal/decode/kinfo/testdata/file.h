/* The records of open files and of regions of memory of FreeBSD, in our own words:
 * what sys/user.h of FreeBSD 12 and newer declares, with the same types in the same
 * order, as far as a member is decoded or has another size. Tests hold the offsets
 * against what clang makes of it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
struct storage { u8 len, family; char pad1[6]; i64 align; char pad2[112]; };
struct kinfo_file {
	i32 kf_structsize, kf_type, kf_fd, kf_ref_count, kf_flags, kf_pad0;
	i64 kf_offset;
	union {
		struct {
			i32 kf_vnode_type, kf_sock_domain, kf_sock_type, kf_sock_protocol;
			struct storage local, peer;
			u64 pcb, inpcb, unpconn;
			u16 states[2];
			u32 recvq;
		} socket;
		struct {
			i32 kf_file_type, spare[3];
			u64 spares[30], fsid, rdev, fileid, size;
			u32 old[2];
			u16 mode, pad0;
			u32 pad1;
		} file;
	} kf_un;
	u16 kf_status, kf_pad1;
	i32 spare0;
	u64 kf_cap_rights[2], kf_cap_spare;
	char kf_path[1024];
};
struct kinfo_vmentry {
	i32 kve_structsize, kve_type;
	u64 kve_start, kve_end, kve_offset, kve_vn_fileid;
	u32 kve_vn_fsid_freebsd11;
	i32 kve_flags, kve_resident, kve_private_resident, kve_protection, kve_ref_count, kve_shadow_count, kve_vn_type;
	u64 kve_vn_size;
	u32 kve_vn_rdev_freebsd11;
	u16 kve_vn_mode, kve_status;
	u64 kve_vn_fsid, kve_vn_rdev;
	i32 spare[8];
	char kve_path[1024];
};
struct rlimit { i64 cur, max; };
