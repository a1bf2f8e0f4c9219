#!/usr/bin/env bash
# Makes the generated documents again: the JSON Schemas, the page of results from the runs beside it, and the picture of a
# report in the README.
# A folder of `reproduce` may be named; otherwise the four tasks are trained.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.cache/docs-report}
[ -e "$folder/report.html" ] || go run . reproduce --out "$folder"
go test ./eval/schema -update
page=$(mktemp -d)
go run . eval publish --about docs/results-about.md --peers docs/results/peers.jsonl --out "$page" docs/results
rm -rf docs/results
mv "$page/results" "$page/RESULTS.md" docs/

chromium=${EWTUNE_CHROMIUM:-/usr/bin/chromium}
[ -x "$chromium" ] || { echo "docs: the picture needs chromium" >&2; exit 1; }
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
"$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
	--disable-sync --user-data-dir="$profile" --hide-scrollbars --window-size=1360,1180 \
	--screenshot="$PWD/docs/report.png" "file://$(realpath "$folder")/report.html" 2>/dev/null
