package sysprobe

import "testing"

func TestWakeOnLANText(t *testing.T) {
	for set, text := range map[WakeOnLAN]string{
		0:                        "none",
		WakeMagic:                "magic",
		WakeFilter | WakePHY:     "phy,filter",
		WakeMagicSecure | 1<<8:   "magic_secure,bit8",
		1 << 31:                  "bit31",
		1<<9 | WakeARP | 1<<10:   "arp,bit9,bit10",
		WakeUnicast | WakePHY<<3: "unicast,broadcast",
	} {
		if got := set.String(); got != text {
			t.Errorf("%#x is %q, want %q", uint32(set), got, text)
		}
		got := WakeOnLAN(1 << 20)
		if err := got.UnmarshalText([]byte(text)); err != nil || got != set {
			t.Errorf("%q is %#x, %v; want %#x", text, uint32(got), err, uint32(set))
		}
	}
	for _, text := range []string{"", "nothing", "magic,", "none,magic", "magic,none", "bit", "bit32", "bit5", "bit-1"} {
		got := WakeARP
		if err := got.UnmarshalText([]byte(text)); err == nil || got != WakeARP {
			t.Errorf("%q is %v, %v; want an error", text, got, err)
		}
	}
}
