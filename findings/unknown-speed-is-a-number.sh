#!/usr/bin/env bash
# One unknown link speed, three numbers: 4294967295, 65535 and an error.
#
# Software: github.com/mdlayher/ethtool v0.7.0, github.com/safchain/ethtool
#   v0.7.0; Linux (seen on 6.18).
# Behaviour: of a link without a speed, such as a bridge without ports, the kernel
#   says SPEED_UNKNOWN, all bits set. LinkMode of mdlayher/ethtool returns this as
#   SpeedMegabits 4294967295 with Duplex "Unknown"; CmdGetMapped of safchain/ethtool
#   returns 65535 under "Speed" and 4294967295 under "speed", and 255 as duplex;
#   /sys/class/net/NAME/speed of the same link, while down, is EINVAL.
# Why it matters: the documentation gives a number of megabits and no special
#   value. A test for "negative means unknown", which is right for sysfs, passes on
#   64-bit systems, and a dashboard shows a bridge of 537 terabytes a second.
# Seen: mdlayher 4294967295 Unknown; safchain Speed 65535 speed 4294967295
#   duplex 255; sysfs: invalid argument.
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for a network namespace" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"

	mdlayher "github.com/mdlayher/ethtool"
	safchain "github.com/safchain/ethtool"
)

func main() {
	c, err := mdlayher.New()
	if err != nil {
		log.Fatal(err)
	}
	mode, err := c.LinkMode(mdlayher.Interface{Name: "br0"})
	if err != nil {
		log.Fatal(err)
	}
	e, err := safchain.NewEthtool()
	if err != nil {
		log.Fatal(err)
	}
	m, err := e.CmdGetMapped("br0")
	if err != nil {
		log.Fatal(err)
	}
	_, err = os.ReadFile("/sys/class/net/br0/speed")
	fmt.Printf("mdlayher %d %v; safchain Speed %d speed %d duplex %d; sysfs: %v\n",
		mode.SpeedMegabits, mode.Duplex, m["Speed"], m["speed"], m["Duplex"], err)
	if mode.SpeedMegabits != 4294967295 || m["Speed"] != 65535 || m["speed"] != 4294967295 || !errors.Is(err, syscall.EINVAL) {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/mdlayher/ethtool@v0.7.0 github.com/safchain/ethtool@v0.7.0 2>log || { cat log >&2; exit 2; }
go build -o finding .
unshare --net --mount bash -c 'mount -t sysfs sysfs /sys && ip link add br0 type bridge && ./finding'
