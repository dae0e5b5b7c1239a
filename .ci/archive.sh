#!/usr/bin/env bash
# Leaves build/sysprobe-execd-windows-ARCH.zip for each of the given architectures,
# or amd64 and arm64: the program, its configuration, that of Telegraf, the licence.
set -euo pipefail
architectures=("$@")
((${#architectures[@]})) || architectures=(amd64 arm64)
packaging=plugins/cmd/sysprobe-execd/packaging/windows
for arch in "${architectures[@]}"; do
	name=sysprobe-execd-windows-$arch
	rm -rf "build/$name" "build/$name.zip"
	mkdir -p "build/$name"
	CGO_ENABLED=0 GOOS=windows GOARCH=$arch go build -trimpath -ldflags='-s -w' -o "build/$name/" ./plugins/cmd/sysprobe-execd
	cp sample.conf "build/$name/sysprobe.conf"
	cp "$packaging/telegraf-sysprobe.conf" "build/$name/"
	cp LICENSE "build/$name/LICENSE.txt"
	(cd build && python3 -m zipfile -c "$name.zip" "$name/")
	printf 'build/%s.zip\n' "$name"
done
