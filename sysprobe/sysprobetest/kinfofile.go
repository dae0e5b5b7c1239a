package sysprobetest

// KinfoFile is an open file of FreeBSD (struct kinfo_file of sys/user.h).
type KinfoFile struct {
	Type  uint32 // KF_TYPE_*
	FD    int32
	Flags uint32 // KF_FLAG_*
	Kind  uint32 // KF_VTYPE_* of a vnode
	// Offset is where it is read next.
	Offset uint64
	Path   string
}

// Record is the record of the file, as long as the kernel makes it.
func (f KinfoFile) Record(order ByteOrder) []byte {
	const pathAt = 368
	b := order.AppendUint32(nil, uint32(sized(pathAt, f.Path)))
	for _, n := range []uint32{f.Type, uint32(f.FD), 1, f.Flags, 0} { // and kf_ref_count, kf_pad0
		b = order.AppendUint32(b, n)
	}
	b = order.AppendUint64(b, f.Offset)
	b = order.AppendUint32(b, f.Kind)
	return withPath(b, pathAt, f.Path)
}

// KinfoRegion is a region of memory of FreeBSD (struct kinfo_vmentry of sys/user.h).
type KinfoRegion struct {
	Type               uint32 // KVME_TYPE_*
	Start, End, Offset uint64
	Protection         uint32 // KVME_PROT_*
	Resident           uint32 // pages
	Flags              uint32 // KVME_FLAG_*
	Path               string
}

// Record is the record of the region, as long as the kernel makes it.
func (r KinfoRegion) Record(order ByteOrder) []byte {
	const pathAt = 136
	b := order.AppendUint32(nil, uint32(sized(pathAt, r.Path)))
	b = order.AppendUint32(b, r.Type)
	for _, n := range []uint64{r.Start, r.End, r.Offset, 1234} { // and kve_vn_fileid
		b = order.AppendUint64(b, n)
	}
	for _, n := range []uint32{0, r.Flags, r.Resident, r.Resident, r.Protection} { // after kve_vn_fsid_freebsd11
		b = order.AppendUint32(b, n)
	}
	return withPath(b, pathAt, r.Path)
}

// sized is the size of a record whose path is there: that of all up to the NUL, and a
// multiple of eight.
func sized(pathAt int, path string) int { return (pathAt + len(path) + 1 + 7) / 8 * 8 }

// withPath completes a record.
func withPath(b []byte, pathAt int, path string) []byte {
	whole := make([]byte, sized(pathAt, path))
	copy(whole, b)
	copy(whole[pathAt:], path)
	return whole
}
