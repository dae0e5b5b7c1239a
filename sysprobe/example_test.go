package sysprobe_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"telegraf-sysprobe/sysprobe"
)

func ExampleNICAddrs() {
	nics, err := sysprobe.OpenNICAddrs(nil)
	if errors.Is(err, sysprobe.ErrNotSupported) {
		return // no backend on this system
	}
	if err != nil {
		log.Fatal(err)
	}
	defer nics.Close() //nolint:errcheck // nothing is lost

	var s sysprobe.AddrSnapshot // to be kept and passed again
	if err := nics.Snapshot(context.Background(), &s); err != nil {
		log.Print(err)
		return
	}
	for _, nic := range s.Interfaces {
		for _, a := range nic.Addrs {
			fmt.Println(nic.Link.Name, a.Family(), a.IP, a.Netmask(), a.Broadcast.IsValid())
		}
	}
}

func ExampleNICStats() {
	nics, err := sysprobe.OpenNICStats(nil)
	if errors.Is(err, sysprobe.ErrNotSupported) {
		return // no backend on this system
	}
	if err != nil {
		log.Fatal(err)
	}
	defer nics.Close() //nolint:errcheck // nothing is lost

	var s sysprobe.LinkSnapshot // to be kept and passed again
	if err := nics.Snapshot(context.Background(), &s, 0); err != nil {
		log.Print(err)
		return
	}
	for _, nic := range s.Links {
		if speed, known := nic.Speed.Get(); known && nic.Link.Flags.IsUp() {
			fmt.Printf("%s: %d Mbit/s, %v duplex\n", nic.Link.Name, speed, nic.Duplex)
		}
	}
}
