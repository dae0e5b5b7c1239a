package ethnl

import "math/bits"

// modeRun is a run of link modes with the same speed and duplex.
type modeRun struct {
	first, last int
	speed       uint32 // in Mbit/s
	full        bool
}

// modeRuns are the modes among the bits of ETHTOOL_LINK_MODE_* in
// linux/ethtool.h, as of Linux 6.18. The bits between them are no modes but
// connectors, pause frames and error correction.
var modeRuns = []modeRun{
	{0, 0, 10, false},        // 10baseT/Half
	{1, 1, 10, true},         // 10baseT/Full
	{2, 2, 100, false},       // 100baseT/Half
	{3, 3, 100, true},        // 100baseT/Full
	{4, 4, 1000, false},      // 1000baseT/Half
	{5, 5, 1000, true},       // 1000baseT/Full
	{12, 12, 10000, true},    // 10000baseT/Full
	{15, 15, 2500, true},     // 2500baseX/Full
	{17, 17, 1000, true},     // 1000baseKX/Full
	{18, 20, 10000, true},    // 10000baseKX4/Full to 10000baseR_FEC
	{21, 22, 20000, true},    // 20000baseMLD2/Full, 20000baseKR2/Full
	{23, 26, 40000, true},    // 40000baseKR4/Full to 40000baseLR4/Full
	{27, 30, 56000, true},    // 56000baseKR4/Full to 56000baseLR4/Full
	{31, 33, 25000, true},    // 25000baseCR/Full to 25000baseSR/Full
	{34, 35, 50000, true},    // 50000baseCR2/Full, 50000baseKR2/Full
	{36, 39, 100000, true},   // 100000baseKR4/Full to 100000baseLR4_ER4/Full
	{40, 40, 50000, true},    // 50000baseSR2/Full
	{41, 41, 1000, true},     // 1000baseX/Full
	{42, 46, 10000, true},    // 10000baseCR/Full to 10000baseER/Full
	{47, 47, 2500, true},     // 2500baseT/Full
	{48, 48, 5000, true},     // 5000baseT/Full
	{52, 56, 50000, true},    // 50000baseKR/Full to 50000baseDR/Full
	{57, 61, 100000, true},   // 100000baseKR2/Full to 100000baseDR2/Full
	{62, 66, 200000, true},   // 200000baseKR4/Full to 200000baseCR4/Full
	{67, 67, 100, true},      // 100baseT1/Full
	{68, 68, 1000, true},     // 1000baseT1/Full
	{69, 73, 400000, true},   // 400000baseKR8/Full to 400000baseCR8/Full
	{75, 79, 100000, true},   // 100000baseKR/Full to 100000baseDR/Full
	{80, 84, 200000, true},   // 200000baseKR2/Full to 200000baseCR2/Full
	{85, 89, 400000, true},   // 400000baseKR4/Full to 400000baseCR4/Full
	{90, 90, 100, false},     // 100baseFX/Half
	{91, 91, 100, true},      // 100baseFX/Full
	{92, 92, 10, true},       // 10baseT1L/Full
	{93, 98, 800000, true},   // 800000baseCR8/Full to 800000baseVR8/Full
	{99, 99, 10, true},       // 10baseT1S/Full
	{100, 101, 10, false},    // 10baseT1S/Half, 10baseT1S_P2MP/Half
	{102, 102, 10, true},     // 10baseT1BRR/Full
	{103, 108, 200000, true}, // 200000baseCR/Full to 200000baseVR/Full
	{109, 114, 400000, true}, // 400000baseCR2/Full to 400000baseVR2/Full
	{115, 120, 800000, true}, // 800000baseCR4/Full to 800000baseVR4/Full
}

// Best is the most that a set of link modes can do.
type Best struct {
	Speed uint32 // in Mbit/s; 0 where no mode is in the set
	Full  bool   // one of the modes is full duplex
}

// Best is the most that this end supports or, if it names nothing that it
// supports, offers; and, if the other end named its modes, what both ends can
// do.
func (l *LinkModes) Best() Best {
	ours := l.Supported
	if best(ours, ours).Speed == 0 {
		ours = l.Advertised
	}
	peer := l.Peer
	if best(peer, peer).Speed == 0 {
		peer = ours
	}
	return best(ours, peer)
}

// Offered is the most that this end offers the other one, be it less than it supports.
func (l *LinkModes) Offered() Best { return best(l.Advertised, l.Advertised) }

// Chosen reports whether the link had modes to choose from: it was negotiated,
// or the other end named its modes.
func (l *LinkModes) Chosen() bool { return l.Autoneg.Or(0) != 0 || best(l.Peer, l.Peer).Speed != 0 }

// best is the most of the modes that are in both a and b.
func best(a, b Bitset) Best {
	var m Best
	for i := range min(len(a), len(b)) {
		for word := a[i] & b[i]; word != 0; word &= word - 1 {
			bit := 32*i + bits.TrailingZeros32(word)
			for r := range modeRuns {
				if run := &modeRuns[r]; run.first <= bit && bit <= run.last {
					m.Speed = max(m.Speed, run.speed)
					m.Full = m.Full || run.full
				}
			}
		}
	}
	return m
}
