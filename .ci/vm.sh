#!/usr/bin/env bash
# Runs the tests of sysprobe on other kernels of Debian's, in virtual machines,
# one after the other: vm.sh [KERNEL...], by default on all. Processors are
# emulated, so it needs neither root nor /dev/kvm. What was downloaded stays in
# build/vm; what a kernel said of its cards is left in build/vm/recorded. PACKAGES
# and TESTS narrow what is run, LIMIT is how many seconds a machine may take;
# RESULTS names a file for what `go test -json` would print. A kernel whose name
# ends in "-lockdown" is locked down for confidentiality, and runs what is about
# that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Where a kernel is from: the suite and architecture of Debian, and the package
# that depends on its newest version.
declare -rA kernels=(
	[5.10]='bullseye amd64 linux-image-amd64'
	[6.1]='bookworm amd64 linux-image-amd64'
	[6.12]='bookworm-backports amd64 linux-image-amd64'
	[backports]='trixie-backports amd64 linux-image-amd64'
	[s390x]='bookworm s390x linux-image-s390x'
)
readonly top=$PWD cache=$PWD/build/vm
PATH+=:/usr/sbin:/sbin # of a user, for depmod
labels=("$@")
((${#labels[@]})) || labels=(5.10 6.1 6.1-lockdown 6.12 backports s390x)

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# packages SUITE ARCH COMMAND...: an apt that leaves the one of this machine
# alone, but for its mirror.
packages() {
	local apt=$cache/apt/$1-$2 suite=$1 arch=$2 program=apt-get mirror
	shift 2
	[[ $1 != depends ]] || program=apt-cache
	local options=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State=$apt" -o Dir::State::Status=/dev/null -o "Dir::Cache=$apt" -o APT::Sandbox::User=
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o Acquire::Languages=none -o APT::Install-Recommends=false)
	if [[ ! -e $apt/sources.list ]]; then
		mirror=$("$top/.ci/mirror.sh")
		mkdir -p "$apt"/{lists,archives}/partial
		printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" >"$apt/sources"
		mv "$apt/sources" "$apt/sources.list"
	fi
	[[ -n $(find "$apt/lists" -name '*Packages*' -mtime -1) ]] || apt-get "${options[@]}" update >&2
	"$program" "${options[@]}" "$@"
}

# unpack SUITE ARCH PACKAGE DIRECTORY
unpack() {
	local download
	download=$(mktemp -d -p "$run")
	(cd "$download" && packages "$1" "$2" download "$3" >&2)
	dpkg-deb -x "$download"/*.deb "$4"
	rm -r "$download"
}

# parts SUITE ARCH PACKAGE: what the package of a kernel is divided into, since Linux 7.
parts() {
	packages "$1" "$2" depends "$3" | awk -v version="${3#linux-image-}" '/^ *Depends: linux-/ && index($2, version) { print $2 }'
}

# fetch LABEL: leaves a kernel in build/vm/LABEL.
fetch() {
	local suite arch meta package directory release new=$cache/$1.new
	[[ ! -e $cache/$1 ]] || return 0
	rm -rf "$new"
	read -r suite arch meta <<<"${kernels[$1]}"
	package=$(packages "$suite" "$arch" depends "$meta" | awk '/Depends: linux-image/ { print $2; exit }')
	for package in "$package" $(parts "$suite" "$arch" "$package"); do
		unpack "$suite" "$arch" "$package" "$new"
	done
	unpack "${suite%-backports}" "$arch" busybox-static "$new"
	for directory in bin lib; do # from trixie on these are below usr alone
		[[ -e $new/$directory ]] || ln -s "usr/$directory" "$new/$directory"
	done
	release=$(ls "$new/lib/modules")
	if [[ ! -e $new/boot ]]; then # the kernel is beside its modules since Linux 7
		mkdir "$new/boot"
		ln -s "../lib/modules/$release/vmlinuz" "$new/boot/vmlinuz-$release"
	fi
	depmod -b "$new" "$release"
	[[ $arch == amd64 ]] || userland "$suite" "$arch" "$new/root"
	mv "$new" "$cache/$1"
}

# userland SUITE ARCH DIRECTORY: the programs that the tests call, where those of
# this machine do not run.
userland() {
	local package
	packages "$1" "$2" install -y --download-only bash coreutils dash ethtool grep iproute2 kmod mount procps python3-psutil util-linux >&2
	mkdir -p "$3"/{dev,proc,sys,run,tmp}
	for package in "$cache/apt/$1-$2/archives"/*.deb; do
		dpkg-deb -x "$package" "$3"
	done
	packages "$1" "$2" clean
}

# initramfs LABEL: what mounts the root directory of the guest.
initramfs() {
	local directory=$cache/$1 stage=$run/initramfs module count=10
	mkdir -p "$stage"/{bin,modules}
	cp "$directory/bin/busybox" "$stage/bin/"
	cp .ci/vm-init "$stage/init"
	for module in virtio_pci 9p 9pnet_virtio overlay; do
		modprobe -d "$directory" -S "$(ls "$directory/lib/modules")" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
		xzcat -f "$module" >"$stage/modules/$count"
		count=$((count + 1))
	done
	(cd "$stage" && find . | "$cache/6.1/bin/busybox" cpio -o -H newc 2>/dev/null) >"$run/initramfs.cpio"
	rm -r "$stage"
}

# compile ARCH LABEL: the tests of each package, and a list of them. Where only
# the kernel is another one, those that ask no kernel have nothing new to say.
compile() {
	local package packages=${PACKAGES:-./sysprobe/...} tests=${TESTS:-.} skip=TestLockedDown
	if [[ $2 == *-lockdown ]]; then
		packages='./sysprobe/internal/drivers ./plugins/internal/proctable' tests='^Test(LockedDown|BackendIsSaidOnce)$' skip=
	fi
	mkdir -p "$run/tests"
	go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} .{{slice .Dir '${#PWD}'}}{{end}}' $packages |
		grep -v "/internal/\(arch\|gen\)" | { [[ $1 != amd64 ]] && cat || grep -v /decode; } >"$run/packages"
	while read -r package _; do
		CGO_ENABLED=0 GOOS=linux GOARCH=$1 go test -c -o "$run/tests/${package//\//.}" "$package"
	done <"$run/packages"
	printf '%s\n' "$tests" >"$run/run"
	printf '%s\n' "$skip" >"$run/skip"
}

# share NAME DIRECTORY [OPTION]: what lets the guest mount a directory.
share() {
	machine+=(-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap${3:-}"
		-device "virtio-9p-$bus,fsdev=$1,mount_tag=$1")
}

# cards: the network cards that the emulator has of those whose drivers Linux
# has, each with a wire of its own, and a list of them for the guest. The name
# of each is that of its interface there, and that of its wire for the monitor,
# which is on the second serial line.
cards() {
	local device name count=10 devices=("virtio-net-$bus,id=virtio" "virtio-net-$bus,speed=25000,duplex=half,id=virtio25g")
	[[ $bus != pci ]] || devices=(e1000 e1000e igb rtl8139 vmxnet3 pcnet i82559c "${devices[@]}")
	for device in "${devices[@]}"; do
		name=${device##*id=}
		if ! "$emulator" -device help | grep -q "^name \"${device%%,*}\""; then
			printf 'no %s: %s has none\n' "$name" "$("$emulator" --version | head -n 1)"
			continue
		fi
		[[ $device == *id=* ]] || device+=,id=$name
		machine+=(-netdev "user,id=wire-$name,restrict=on" -device "$device,netdev=wire-$name,mac=52:54:00:00:00:$count")
		printf '52:54:00:00:00:%s %s\n' $((count++)) "$name" >>"$run/cards"
	done
	[[ $bus == pci ]] || return 0 # one serial line only
	machine+=(-chardev "socket,id=monitor,path=$run/monitor,server=on,wait=off" -mon chardev=monitor,mode=control
		-chardev "socket,id=line,path=$run/monitor" -serial chardev:line)
}

# boot KERNEL [PARAMETER...]: lets the guest do what .ci/vm-guest says.
boot() {
	local emulator=qemu-system-x86_64 bus=pci root=/ directory=$cache/$1 machine=(-cpu max -smp 2)
	case $1 in
	6.12 | backports) machine=(-cpu qemu64) ;; # with max, QEMU 7.2 lets them crash
	s390x) emulator=qemu-system-s390x bus=ccw root=$directory/root ;;
	esac
	share root "$root" ,readonly=on
	share modules "$directory/lib/modules" ,readonly=on
	share source "$PWD" ,readonly=on
	share run "$run"
	rm -f "$run/cards"
	cards
	shift
	timeout --foreground ${LIMIT:-3600} "$emulator" -accel tcg -m 2048 -nodefaults -no-user-config -display none -no-reboot -serial "file:$run/console" \
		"${machine[@]}" \
		-kernel "$directory"/boot/vmlinuz-* -initrd "$run/initramfs.cpio" \
		-append 'console=ttyS0 quiet panic=-1 net.ifnames=0 '"$*"
}

# collect LABEL: makes of what the tests printed what `go test -json` would.
collect() {
	local package output
	while read -r package _; do
		output=$run/tests/${package//\//.}
		[[ -s $output.status ]] || { tail -n 60 "$run/console" >>"$output.out"; echo 1 >"$output.status"; }
		go tool test2json -p "Linux-$1/${package#*/}" sh -c 'cat "$0.out"; exit "$(cat "$0.status")"' "$output" || true
	done <"$run/packages" >"$run/$1.json"
}

for label in "${labels[@]}"; do
	[[ -v kernels[${label%-lockdown}] ]] || { printf 'no kernel %s: there are %s\n' "$label" "${!kernels[*]}" >&2; exit 1; }
done
status=0
fetch 6.1 # its busybox is used here too
for label in "${labels[@]}"; do
	kernel=${label%-lockdown} parameters=()
	[[ $label == "$kernel" ]] || parameters=(lockdown=confidentiality)
	if [[ $kernel == s390x ]] && ! command -v qemu-system-s390x >/dev/null; then
		echo 'skipped Linux s390x: no qemu-system-s390x (package qemu-system-misc)'
		continue
	fi
	fetch "$kernel"
	read -r _ arch _ <<<"${kernels[$kernel]}"
	name="$(ls "$cache/$kernel/lib/modules")${parameters:+ $parameters}"
	printf '==> Linux %s\n' "$name"
	compile "$arch" "$label"
	initramfs "$kernel"
	start=$SECONDS
	boot "$kernel" "${parameters[@]}" || true
	collect "$label"
	rm -rf "$run/tests"
	if [[ -d $run/recorded ]]; then
		rm -rf "$cache/recorded/$label"
		mkdir -p "$cache/recorded"
		mv "$run/recorded" "$cache/recorded/$label"
	fi
	go run ./.ci/testsum "$run/$label.json" || status=1
	printf '<== Linux %s: %d s\n' "$name" $((SECONDS - start))
done
[[ -z ${RESULTS:-} ]] || cat "$run"/*.json >"$RESULTS"
exit "$status"
