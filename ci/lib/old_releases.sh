#!/usr/bin/env bash
# The quick profile with releases at both ends of what we support. What an old release lacks must come out as
# not-applicable with its proof, never as a fault of ours (exit 3) or a hole (exit 7).
source "$(dirname "$0")/common.sh"

# find_version 3.10: an interpreter of that version, from PATH or from pyenv; Debian 12 has only 3.11.
find_version() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
    "$candidate" -c 'import sys' 2>/dev/null && { echo "$candidate"; return; }
  done
  echo "missing: Python $1 (on PATH as python$1, or in pyenv)" >&2
  return 4
}

# pinned NAME...: these lines of ci/requirements.txt
pinned() { grep -i -E "^($(IFS='|'; echo "$*"))==" ci/requirements.txt; }

# environment NAME PYTHON PIP_ARGUMENTS...: build/venv-NAME with these libraries and our package built for it.
environment() {
  local name=$1 version=$2 interpreter venv=build/venv-$1
  shift 2
  interpreter=$(find_version "$version") || return
  [[ -x $venv/bin/python ]] || "$interpreter" -m venv "$venv" || return
  mapfile -t tools < <(pinned apache-tvm-ffi scikit-build-core pybind11 click jinja2 msgspec packaging rich tomlkit)
  "$venv/bin/pip" install --quiet "${tools[@]}" "tomli>=2" typing_extensions || return
  "$venv/bin/pip" install --quiet "$@" || return
  "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --force-reinstall . \
    --config-settings=build-dir="$PWD/build/wheel-$name"
}

# observe NAME: one run there; its records and page.
observe() {
  "build/venv-$1/bin/dlconform" doctor || return
  mkdir -p build/report
  "build/venv-$1/bin/dlconform" run --profile quick --exit-zero --out "build/report/$1.ndjson" \
    --html "build/report/$1.html"
}

# NumPy 1.22 and PyTorch 1.12: the oldest supported; the pins contradict one another's metadata, hence --no-deps.
oldest() {
  environment oldest 3.10 --no-deps numpy==1.22.4 torch==1.12.1 && observe oldest
}

# The newest NumPy, and the pinned PyTorch as a CPU wheel only: the ordinary wheel of PyTorch for 3.13 can't be
# imported without several gigabytes of CUDA packages, which are only fetched under DLCONFORM_LARGE_DOWNLOADS=1. Where
# no index that pip knows has the CPU wheel, NumPy is observed alone, and the output and the header of the records say so.
newest() {
  local torch
  torch=$(pinned torch)
  [[ ${DLCONFORM_LARGE_DOWNLOADS:-} == 1 ]] || torch+=+cpu
  environment newest 3.13 --upgrade numpy || return
  build/venv-newest/bin/pip install --quiet "$torch" ||
    echo "not observed on Python 3.13: PyTorch, because pip found no $torch" >&2
  observe newest
}

failed=0
stage "python 3.10, oldest" oldest || failed=1
stage "python 3.13, newest" newest || failed=1
exit "$failed"
