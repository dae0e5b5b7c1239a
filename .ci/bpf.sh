#!/usr/bin/env bash
# Compiles the BPF programs. The objects are committed, so that nobody needs a
# compiler; they are the same byte by byte each time with the one of Debian 12
# (packages clang, llvm and libbpf-dev). Another one leaves them alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../sysprobe/internal/sys/taskiter"

readonly want='Debian clang version 14.0.6'
have=$(clang --version 2>/dev/null | head -n 1 || true)
if [[ $have != "$want" ]]; then
	printf 'BPF objects left as they are: they take %s (Debian 12), here is %s\n' "$want" "${have:-none}" >&2
	exit 0
fi

for object in taskiter sockets kin; do
	clang -target bpfel -mcpu=v2 -O2 -g -Wall -Wextra -Werror -Wno-missing-declarations \
		-ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -c "bpf/$object.bpf.c" -o "$object.o"
	llvm-strip-14 -g "$object.o"
done
