package sysprobe_test

import (
	"context"
	"fmt"
	"log"

	"telegraf-sysprobe/sysprobe"
)

func ExampleInterfaces() {
	interfaces, err := sysprobe.Interfaces(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range interfaces {
		if i.Link.Flags&sysprobe.FlagLoopback == 0 {
			continue
		}
		for _, a := range i.Addrs {
			if a.Family() == sysprobe.FamilyInet {
				fmt.Printf("%s %v/%d %v\n", i.Link.Name, a.IP, a.PrefixLen, a.Netmask())
				break
			}
		}
	}
	// Output: lo 127.0.0.1/8 255.0.0.0
}

func ExampleAddrSnapshot_All() {
	h, err := sysprobe.OpenNICAddrs(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close() //nolint:errcheck // nothing is lost
	var s sysprobe.AddrSnapshot
	if err := h.Snapshot(context.Background(), &s); err != nil {
		log.Print(err)
		return
	}
	for link, addr := range s.All() {
		if addr.IP.String() == "127.0.0.1" {
			fmt.Println(link.Name, link.Kind, addr.Scope)
		}
	}
	// Output: lo loopback host
}

func ExampleLinks() {
	links, err := sysprobe.Links(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range links {
		if l.Link.Kind == "loopback" {
			fmt.Println(l.Link.Name, "up:", l.Link.Flags.IsUp(), "counters:", l.Counters.Known(), "speed:", l.Speed)
		}
	}
	// Output: lo up: true counters: true speed: absent
}

func ExampleHardwareAddr() {
	infiniband := sysprobe.HardwareAddrFrom([]byte{0x80, 0, 2, 8, 0xfe, 0x80, 0, 0})
	tunnel := sysprobe.HardwareAddrFrom([]byte{192, 0, 2, 1})
	fmt.Println(infiniband, tunnel, len(tunnel.Bytes()))
	// Output: 80:00:02:08:fe:80:00:00 c0:00:02:01:00:00 4
}

func ExampleLinkModes_All() {
	var advertised sysprobe.LinkModes
	if err := advertised.UnmarshalText([]byte("100baseT/Full,1000baseT/Full")); err != nil {
		log.Fatal(err)
	}
	for mode := range advertised.All() {
		fmt.Println(mode)
	}
	// Output:
	// 100baseT/Full
	// 1000baseT/Full
}
