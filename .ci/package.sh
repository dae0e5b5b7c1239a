#!/usr/bin/env bash
# Makes the package twice, in two folders, wants the two to be the same and lintian to
# have nothing to say, and then does with it in a bare Debian what an administrator
# does: installs, enables, upgrades, removes and purges it, beside a real Telegraf that
# runs as its own user, plainly and in sandboxes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
((EUID == 0)) || { echo 'a bare Debian needs root: sudo make package' >&2; exit 1; }

if [[ -z ${PACKAGE_WORK:-} ]]; then
	PACKAGE_WORK=$(mktemp -d)
	export PACKAGE_WORK
	trap 'rm -rf "$PACKAGE_WORK"' EXIT
	unshare --mount --propagation private "$PWD/.ci/package.sh"
	exit
fi
readonly root=$PACKAGE_WORK/root program=/usr/bin/sysprobe-execd
readonly etc=$root/etc/telegraf
readonly snippet=$etc/telegraf.d/sysprobe.conf config=$etc/sysprobe.conf
readonly log=$root/tmp/telegraf.log rows=$root/tmp/rows output=$PACKAGE_WORK/output

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	[[ ! -s $output ]] || sed 's/^/output: /' "$output" >&2
	[[ ! -s $log ]] || tail -n 30 "$log" | sed 's/^/telegraf: /' >&2
	exit 1
}

# inside COMMAND...: runs it in the bare Debian; what it says is in $output.
inside() {
	chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive HOME=/root "$@" >"$output" 2>&1
}

does() { inside "$@" || fail "$*: status $?"; }
refuses() { ! inside "$@" || fail "$*: want that it fails"; }
says() { grep -qF -- "$1" "$output" || fail "want a line that says \"$1\""; }
absent() { [[ ! -e $1 ]] || fail "$1 is there"; }

# dist FOLDER: what make dist makes, without archives.
dist() {
	ARCHES=amd64 TARGETS='' .ci/dist.sh >/dev/null
	mv build/dist "$1"
}

# older FILE: leaves a package of an older version, with another configuration, in it.
older() {
	local tree=$PACKAGE_WORK/older
	dpkg-deb --raw-extract "$deb" "$tree"
	sed -i 's/^Version: .*/Version: 0.0.0~0/' "$tree/DEBIAN/control"
	sed -i '1i# of the version before' "$tree/etc/telegraf/sysprobe.conf"
	dpkg-deb -Zgzip -z1 --root-owner-group --build "$tree" "$1" >/dev/null
}

# mounts: a bare Debian, with setcap(8), which the package depends on.
mounts() {
	local tools=build/bare/tools
	.ci/root.sh "$root"
	if [[ -z $(find "$tools" -name 'libcap2-bin_*.deb' -mtime -7 2>/dev/null) ]]; then
		rm -rf "$tools"
		mkdir -p "$tools"
		(cd "$tools" && { apt-get download libcap2-bin || { apt-get update && apt-get download libcap2-bin; }; }) >"$output" 2>&1 ||
			fail 'apt-get download libcap2-bin'
		touch "$tools"/*.deb
	fi
	cp "$tools"/*.deb "$root/tmp/"
	cp "$deb" "$root/tmp/new.deb"
	older "$root/tmp/old.deb"
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	does sh -c 'dpkg -i /tmp/libcap2-bin_*.deb'
}

# telegraf_is_there: what Telegraf's own package does, as far as it matters here.
telegraf_is_there() {
	cp bin/telegraf "$root/usr/bin/telegraf"
	does sh -c 'getent group telegraf || groupadd -r telegraf; useradd -r -M telegraf -s /bin/false -d /etc/telegraf -g telegraf'
	mkdir -p "$etc/telegraf.d"
	cat >"$etc/telegraf.conf" <<-'CONF'
		[agent]
		  interval = "1s"
		  flush_interval = "1s"
		[[inputs.mem]]
		[[outputs.file]]
		  files = ["/tmp/rows"]
	CONF
}

# telegraf PATTERN [OPTION of setpriv...]: starts Telegraf as its user, waits for rows
# that match, and stops it.
telegraf() {
	local pattern=$1 pid deadline=$((SECONDS + 90)) status=0
	shift
	rm -f "$rows" "$log"
	chroot "$root" /usr/bin/setpriv --reuid=telegraf --regid=telegraf --init-groups "$@" \
		/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/usr/bin/telegraf --config /etc/telegraf/telegraf.conf --config-directory /etc/telegraf/telegraf.d >"$log" 2>&1 &
	pid=$!
	until grep -qE -- "$pattern" "$rows" 2>/dev/null; do
		kill -0 "$pid" 2>/dev/null || fail "Telegraf ended before a row matched $pattern"
		((SECONDS < deadline)) || { kill "$pid"; fail "no row of Telegraf matches $pattern"; }
		sleep 0.2
	done
	kill "$pid"
	wait "$pid" || status=$?
	((status == 0)) || fail "Telegraf ended with $status"
}

logged() { grep -qE -- "$1" "$log" || fail "want a line of the log that matches $1"; }
silent() { ! grep -E -- "$1" "$log" || fail "want no line of the log that matches $1"; }

# granted: root and telegraf alone can execute the program, which has its capabilities.
granted() {
	[[ $(stat -c '%U %a' "$root$program") == 'root 750' ]] || fail "$(stat -c '%U %a' "$root$program")"
	does stat -c %G "$program"
	says telegraf
	does getcap "$program"
	says 'cap_sys_ptrace,cap_perfmon,cap_bpf=p'
	# setpriv(1) itself can still execute what root can; what it starts cannot.
	refuses setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "$program --version"
	says 'Permission denied'
}

# ungranted: it has none.
ungranted() {
	does getcap "$program"
	[[ ! -s $output ]] || fail "want no capabilities"
}

bpf='^procs(,[^ ]*)? .*backend="bpf"'
procfs='^procs(,[^ ]*)? .*backend="procfs"'

# versions: the program says the one of its package.
versions() {
	local version
	does "$program" --version
	version=$(.ci/version.sh "$(awk '{ print $2 }' "$output")")
	[[ $version == "$(dpkg-deb --field "$deb" Version)" ]] || fail "the version of the package is $(dpkg-deb --field "$deb" Version)"
}

# installs: the package alone, then Telegraf.
installs() {
	does dpkg -i /tmp/old.deb
	says 'Next: sysprobe-telegraf enable'
	granted
	versions
	does sysprobe-telegraf enable
	says 'Telegraf is not installed. Next: install it'
	does sysprobe-telegraf disable
	absent "$snippet"
	telegraf_is_there
	telegraf '^mem,'
	echo '[[inputs.nothing]]' >"$etc/telegraf.d/broken.conf"
	refuses sysprobe-telegraf enable
	says 'nothing was changed'
	says 'requested input: nothing'
	absent "$snippet"
	rm "$etc/telegraf.d/broken.conf"
	does sysprobe-telegraf enable
	says 'Next: '
	sed -i 's/^  interval = "10s"/  interval = "1s"/' "$config"
	grep -q '^  interval = "1s"' "$config" || fail 'the configuration has no interval of 10s'
}

# sandboxes: everything on, and what a hardened unit costs.
sandboxes() {
	telegraf "$bpf"
	silent ' withholds CAP_|^E!| E! '
	telegraf "$procfs" --no-new-privs
	logged 'W! .*NoNewPrivileges.* withholds CAP_SYS_PTRACE,CAP_PERFMON,CAP_BPF'
	telegraf "$procfs" --bounding-set=-bpf
	logged 'W! .*the bounding set.* withholds CAP_BPF, '
}

# upgrades: an edited configuration and the capabilities are there afterwards.
upgrades() {
	does dpkg --force-confold --unpack /tmp/new.deb # and no further
	ungranted
	telegraf "$procfs"
	does dpkg --force-confold --configure sysprobe-execd
	says 'Next: systemctl restart telegraf'
	granted
	grep -q '^  interval = "1s"' "$config" || fail 'the configuration was not kept'
	telegraf "$bpf"
	sed -i '1i[[inputs.procs]]\n  option_of_old = 1' "$config"
	does dpkg -i /tmp/new.deb
	says option_of_old
	refuses sysprobe-telegraf check
	telegraf '^mem,'
	logged option_of_old
	sed -i 1,2d "$config"
}

# overrides: the administrator's owner and mode stay.
overrides() {
	does dpkg-statoverride --update --add root root 0755 "$program"
	does dpkg -i /tmp/new.deb
	says 'so it gets no capabilities'
	[[ $(stat -c '%U %G %a' "$root$program") == 'root root 755' ]] || fail 'the statoverride was not respected'
	ungranted
	telegraf "$procfs"
	does dpkg-statoverride --remove "$program"
	does dpkg-statoverride --update --add root telegraf 0710 "$program"
	does dpkg -i /tmp/new.deb
	[[ $(stat -c '%U %a' "$root$program") == 'root 710' ]] || fail 'the statoverride was not respected'
	telegraf "$bpf"
	does dpkg-statoverride --remove "$program"
	does sysprobe-telegraf grant
	granted
}

# removes: nothing is left that keeps Telegraf from starting.
removes() {
	cp "$snippet" "$etc/telegraf.d/mine.conf"
	does sysprobe-telegraf enable
	says 'mine.conf starts a sysprobe-execd too'
	rm "$etc/telegraf.d/mine.conf"
	does dpkg --remove sysprobe-execd
	absent "$snippet"
	absent "$snippet.disabled" # nothing in it is the administrator's
	[[ -e $config ]] || fail 'the configuration is gone'
	telegraf '^mem,'
	does dpkg -i /tmp/new.deb
	does sysprobe-telegraf enable
	echo '# edited' >>"$snippet"
	does sysprobe-telegraf enable
	says 'was edited, and stays as it is'
	does dpkg --remove sysprobe-execd
	absent "$snippet"
	telegraf '^mem,'
	does dpkg -i /tmp/new.deb
	does sysprobe-telegraf enable
	grep -q '^# edited' "$snippet" || fail 'the edited snippet did not come back'
	telegraf "$bpf"
	does dpkg --purge sysprobe-execd
	does find /etc/telegraf /usr -name '*sysprobe*'
	[[ ! -s $output ]] || fail 'this is left'
	telegraf '^mem,'
}

step() {
	"$@"
	printf '%s: %d s\n' "$1" "$SECONDS"
}

[[ bin/telegraf -nt go.mod ]] || .ci/telegraf.sh
dist "$PACKAGE_WORK/one"
dist "$PACKAGE_WORK/another"
diff "$PACKAGE_WORK/one/SHA256SUMS" "$PACKAGE_WORK/another/SHA256SUMS" || fail 'two builds differ'
(cd "$PACKAGE_WORK/one" && sha256sum --quiet -c SHA256SUMS)
deb=$(echo "$PACKAGE_WORK"/one/*.deb)
lintian "$deb" >"$output" 2>/dev/null || fail 'lintian'
[[ ! -s $output ]] || fail 'lintian has something to say'
printf 'two builds are the same, and lintian is quiet: %d s\n' "$SECONDS"
step mounts
step installs
step sandboxes
step upgrades
step overrides
step removes
