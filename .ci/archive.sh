#!/usr/bin/env bash
# Leaves build/sysprobe-execd-OS-ARCH.zip for Windows, .tar.gz for the others, for
# each of the given os/arch pairs, or those of all systems but Linux, which has
# packages: the program, its configuration, that of Telegraf, the licences. An archive
# depends on the commit alone, whose time its files have.
set -euo pipefail
targets=("$@")
((${#targets[@]})) || targets=({windows,darwin,freebsd,netbsd,openbsd}/{amd64,arm64})
export TZ=UTC SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
umask 022
packaging=plugins/cmd/sysprobe-execd/packaging
for target in "${targets[@]}"; do
	os=${target%/*} name=sysprobe-execd-${target/\//-}
	rm -rf "build/$name" "build/$name".{zip,tar.gz}
	mkdir -p "build/$name"
	CGO_ENABLED=0 GOOS=$os GOARCH=${target#*/} go build -trimpath -ldflags='-s -w' -o "build/$name/" ./plugins/cmd/sysprobe-execd
	cp sample.conf "build/$name/sysprobe.conf"
	.ci/third-party.sh "$target" >"build/$name/third-party.txt"
	if [[ $os == windows ]]; then
		cp "$packaging/windows/telegraf-sysprobe.conf" "build/$name/"
		cp LICENSE "build/$name/LICENSE.txt"
		touch -d "@$SOURCE_DATE_EPOCH" "build/$name" "build/$name"/*
		(cd build && python3 -m zipfile -c "$name.zip" "$name/")
		printf 'build/%s.zip\n' "$name"
	else
		cp "$packaging/bsd/telegraf-sysprobe.conf" LICENSE "build/$name/"
		tar -C build --owner=root:0 --group=root:0 --sort=name --mtime="@$SOURCE_DATE_EPOCH" -c "$name" | gzip -9n >"build/$name.tar.gz"
		printf 'build/%s.tar.gz\n' "$name"
	fi
done
