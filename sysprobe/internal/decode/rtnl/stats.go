package rtnl

import "telegraf-sysprobe/sysprobe/internal/decode"

// Stats is struct rtnl_link_stats64 of linux/if_link.h, and in 32 bits struct
// rtnl_link_stats.
type Stats struct {
	RxPackets, TxPackets uint64
	RxBytes, TxBytes     uint64
	RxErrors, TxErrors   uint64
	RxDropped, TxDropped uint64
	Multicast            uint64
	Collisions           uint64

	RxLengthErrors, RxOverErrors, RxCRCErrors, RxFrameErrors, RxFIFOErrors, RxMissedErrors uint64
	TxAbortedErrors, TxCarrierErrors, TxFIFOErrors, TxHeartbeatErrors, TxWindowErrors      uint64

	RxCompressed, TxCompressed uint64
	RxNoHandler                uint64 // Linux 4.6, 0 before
}

// decodeStats reads the counters, of 64 or 32 bits. Kernels of other versions
// might send fewer or more fields.
func decodeStats(c *decode.Cursor, wide bool) Stats {
	var s Stats
	for _, field := range []*uint64{
		&s.RxPackets, &s.TxPackets, &s.RxBytes, &s.TxBytes, &s.RxErrors, &s.TxErrors, &s.RxDropped, &s.TxDropped,
		&s.Multicast, &s.Collisions,
		&s.RxLengthErrors, &s.RxOverErrors, &s.RxCRCErrors, &s.RxFrameErrors, &s.RxFIFOErrors, &s.RxMissedErrors,
		&s.TxAbortedErrors, &s.TxCarrierErrors, &s.TxFIFOErrors, &s.TxHeartbeatErrors, &s.TxWindowErrors,
		&s.RxCompressed, &s.TxCompressed,
	} {
		*field = counter(c, wide)
	}
	if c.Len() > 0 {
		s.RxNoHandler = counter(c, wide)
	}
	return s
}

// counter reads one counter.
func counter(c *decode.Cursor, wide bool) uint64 {
	if wide {
		return c.Uint64()
	}
	return uint64(c.Uint32())
}
