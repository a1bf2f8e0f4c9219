#!/usr/bin/env bash
# Runs every test of the project. With EWTUNE_REQUIRE_ALL=1 a skipped test is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
log=$PWD/.cache/test.json
status=0

# A variable that names something not installed would turn into failures; without it the test skips and says so.
for name in EWTUNE_PYTHON EWTUNE_NODE_PEERS EWTUNE_MINILM EWTUNE_CHROMIUM; do
	[ -e "${!name:-}" ] || unset "$name"
done

gotestsum() { go tool -modfile="$root/tools/go.mod" gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg "$@"; }
root=$PWD
gotestsum --jsonfile "$log" -- -timeout 40m ./... || status=1

for module in tools/*/go.mod pipeline/beam/go.mod; do
	[ -e "$module" ] || continue
	name=${module%/go.mod}
	(cd "$name" && go vet ./... && gotestsum --jsonfile "$root/.cache/test-${name//\//-}.json" -- -timeout 20m ./...) || status=1
done

if command -v node >/dev/null && [ -n "${EWTUNE_NODE_PEERS:-}" ]; then
	go run ./wasm/build || status=1
	node --test wasm/test/*.test.mjs || status=1
elif [ "${EWTUNE_REQUIRE_ALL:-}" = 1 ]; then
	echo "the JavaScript tests need node and npm" >&2
	status=1
else
	echo "skipped: the JavaScript tests, for want of node and npm" >&2
fi

# Everything, tests included, compiles where we do not run it: without the assembly, and without Unix.
for platform in darwin/arm64 windows/amd64; do
	GOOS=${platform%/*} GOARCH=${platform#*/} go vet ./... || { echo "does not compile for $platform" >&2; status=1; }
done

skipped=$(grep -h '"Action":"skip"' "$log" .cache/test-*.json 2>/dev/null | grep '"Test":' || true)
if [ -n "$skipped" ]; then
	echo "skipped tests:" >&2
	sed -E 's/.*"Package":"([^"]*)","Test":"([^"]*)".*/  \1 \2/' <<<"$skipped" >&2
	if [ "${EWTUNE_REQUIRE_ALL:-}" = 1 ]; then
		echo "a skip is an error here" >&2
		status=1
	fi
fi
exit $status
