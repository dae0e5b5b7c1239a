#!/usr/bin/env bash
# Makes a release of the commit that is checked out, and publishes nothing: the section
# of the changelog, with the names of metrics that came and went since the last one, a
# commit and a tag, and in build/dist what make dist makes, with RELEASE.md, the notes.
# All of it happens in a clone, so that a failure leaves the checkout as it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly version=${1#v}
fail() {
	printf 'make release: %s\n' "$*" >&2
	exit 1
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "VERSION=$version is no version such as 1.2.3 or 1.2.3-rc.1"
[[ -z $(git status --porcelain) ]] || fail 'there are changes; commit them first'
branch=$(git symbolic-ref -q --short HEAD) || fail 'no branch is checked out'
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || fail "the tag v$version is there; take the next version"
last=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$work/source
git clone -q --branch "$branch" "$PWD" "$source"

# changed prints the names of metrics that the last release has and this one has not,
# with -, and the other way round, with +.
changed() {
	[[ -n $last ]] || { printf -- '- Metrics: this is the first release.\n'; return; }
	.ci/metric-names.sh "$last" >"$work/before"
	.ci/metric-names.sh HEAD >"$work/after"
	diff "$work/before" "$work/after" >"$work/difference" || true
	if ! grep -q '^[<>]' "$work/difference"; then
		printf -- '- Metrics: no name changed.\n'
		return
	fi
	sed -nE 's/^< (.*)/- Metrics: gone is \1./p; s/^> (.*)/- Metrics: new is \1./p' "$work/difference"
}

changelog=$source/.github/CHANGELOG.md
awk '/^## / { on = ($2 == "Unreleased"); next } on' "$changelog" | sed '/./,$!d' >"$work/items"
grep -q '^- ' "$work/items" || fail 'the part Unreleased of .github/CHANGELOG.md says nothing'
{
	sed '/^## Unreleased$/,$d' "$changelog"
	printf '## Unreleased\n\n## %s (%s)\n\n' "$version" "$(date -u +%F)"
	sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$work/items"
	changed
	awk '/^## / { on = on || found; found = found || $2 == "Unreleased"; if (on) print ""; } on' "$changelog" | sed '${/^$/d}'
} >"$work/changelog"
cp "$work/changelog" "$changelog"
for key in user.name user.email; do
	git -C "$source" config "$key" "$(git config "$key")"
done
git -C "$source" commit -qam "Release $version"
git -C "$source" tag -a "v$version" -m "Release $version"
(cd "$source" && .ci/dist.sh)
awk -v version="$version" '/^## / { on = ($2 == version); next } on' "$changelog" | sed '/./,$!d' >"$source/build/dist/RELEASE.md"

git pull -q --ff-only "$source" "$branch"
git fetch -q "$source" "refs/tags/v$version:refs/tags/v$version"
rm -rf build/dist
mkdir -p build
mv "$source/build/dist" build/dist
printf 'Release %s is committed and tagged here, and in build/dist. To publish it: git push REMOTE %s v%s, and upload build/dist with RELEASE.md as notes.\n' \
	"$version" "$branch" "$version"
