#!/usr/bin/env bash
# Runs what the README has a newcomer run, in a bare Debian: in a plain chroot
# that has Go, make and certificates and nothing else, as root and as nobody, and
# as root of a container. Modules and the build cache are those of this machine.
# Everything is mounted in a mount namespace of its own, so that nothing remains
# mounted however this ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
((EUID == 0)) || { echo 'a bare Debian needs root: sudo make bare' >&2; exit 1; }

readonly nobody=65534
if [[ -z ${BARE_WORK:-} ]]; then
	BARE_WORK=$(mktemp -d)
	export BARE_WORK
	trap 'rm -rf "$BARE_WORK"' EXIT
	unshare --mount --propagation private "$PWD/.ci/bare.sh"
	exit
fi
readonly root=$BARE_WORK/root source=/home/newcomer/sysprobe
GOROOT=$(go env GOROOT) GOMODCACHE=$(go env GOMODCACHE) GOCACHE=$(go env GOCACHE)
mkdir -p "$root"

# checkout: this checkout in a repository of its own, which nobody owns.
checkout() {
	local tree=$root$source
	mkdir -p "$tree"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tree"
	git -C "$tree" init -q
	git -C "$tree" add -A
	git -C "$tree" -c user.name=newcomer -c user.email=newcomer@example.org commit -qm 'A checkout'
}

# stamped: whether the program knows its commit.
stamped() { go version -m "$root$source/bin/sysprobe-execd" | grep -q vcs.revision; }

# build: make build without the settings of this machine.
build() { env -i PATH="$PATH" HOME=/ GOMODCACHE="$GOMODCACHE" GOCACHE="$GOCACHE" make -s -C "$root$source" build; }

# ownership: git refuses a checkout of another user's, which is built all the same.
ownership() {
	build
	stamped || { echo 'a checkout of one'"'"'s own: no commit in the program' >&2; return 1; }
	chown -R $nobody:$nobody "$root/home/newcomer"
	build
	! stamped || { echo 'git takes the checkout of another user, so that this shows nothing' >&2; return 1; }
}

# mounts: what a chroot needs of this machine. The build cache is a copy on write.
mounts() {
	local directory
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mkdir -p "$root$GOROOT" "$root$GOMODCACHE" "$root/cache" "$BARE_WORK"/{upper,work}
	for directory in "$GOROOT" "$GOMODCACHE"; do
		mount --bind "$directory" "$root$directory"
		mount -o remount,bind,ro "$root$directory"
	done
	mount -t overlay overlay -o "lowerdir=$GOCACHE,upperdir=$BARE_WORK/upper,workdir=$BARE_WORK/work" "$root/cache"
	chmod 777 "$root/cache" "$root"/cache/*/
}

# newcomer USER [PROGRAM...]: runs the commands of the README as a user, in what
# the program makes of this place. Something is busy beside make run: where all
# is quiet, no process uses a tick of a clock between the two gathers.
newcomer() {
	local user=$1 command busy
	shift
	for command in "${commands[@]}"; do
		busy=
		[[ $command != 'make run' ]] || busy='while :; do :; done & trap "kill $!" EXIT;'
		printf '==> %s, as %s\n' "$command" "$user${1:+, in a container}"
		"$@" chroot --userspec="$user:$user" "$root" /usr/bin/env -i PATH="$GOROOT/bin:/usr/bin:/bin:/usr/sbin:/sbin" HOME=/tmp \
			GOMODCACHE="$GOMODCACHE" GOCACHE=/cache GOPROXY=off GOFLAGS=-count=1 /bin/sh -ec "umask 0; cd $source; $busy $command" \
			>"$BARE_WORK/output" || { cat "$BARE_WORK/output"; return 1; }
		if [[ $command == 'make run' ]]; then
			grep -m 1 '^procs_top,by=cpu' "$BARE_WORK/output" || { echo 'no ranks by CPU' >&2; return 1; }
		else
			tail -n 1 "$BARE_WORK/output"
		fi
	done
}

# container PROGRAM...: runs it as root of a container: in namespaces, with the
# capabilities that Docker gives, and without cgroups.
container() {
	local capabilities=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap
	capabilities+=,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap
	unshare --pid --net --ipc --uts --mount --fork --kill-child sh -ec '
		ip link set lo up
		mount -t proc proc "$0/proc"
		mount -t sysfs -o ro sysfs "$0/sys"
		exec "$@"' "$root" setpriv --bounding-set="$capabilities" -- "$@"
}

mapfile -t commands < <(sed -nE 's/^ {4}(make (run|test))( .*)?$/\1/p' README.md)
((${#commands[@]} == 2)) || { echo 'the README does not say how to run and test' >&2; exit 1; }
.ci/root.sh "$root"
chmod 755 "$root/root" # for nobody, where Go's caches are below it
checkout
ownership
mounts
newcomer 0
newcomer $nobody
newcomer 0 container
