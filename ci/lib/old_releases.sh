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

# release NAME PYTHON PIP_ARGUMENTS...: an environment of its own, our package built for it, one run.
release() {
  local name=$1 version=$2 interpreter venv=build/venv-$1
  shift 2
  interpreter=$(find_version "$version") || return
  [[ -x $venv/bin/python ]] || "$interpreter" -m venv "$venv" || return
  mapfile -t tools < <(pinned apache-tvm-ffi scikit-build-core pybind11 click jinja2 msgspec rich)
  "$venv/bin/pip" install --quiet "${tools[@]}" "tomli>=2" typing_extensions || return
  "$venv/bin/pip" install --quiet "$@" || return
  "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --force-reinstall . \
    --config-settings=build-dir="$PWD/build/wheel-$name" || return
  "$venv/bin/dlconform" doctor || return
  mkdir -p build/report
  "$venv/bin/dlconform" run --profile quick --exit-zero --out "build/report/$name.ndjson" \
    --html "build/report/$name.html"
}

failed=0
# NumPy 1.22 and PyTorch 1.12: the oldest supported; the pins contradict one another's metadata, hence --no-deps.
stage "python 3.10, oldest" release oldest 3.10 --no-deps numpy==1.22.4 torch==1.12.1 || failed=1
# PyTorch is left out here: an unpinned one brings CUDA packages of several gigabytes.
stage "python 3.13, newest NumPy" release newest 3.13 --upgrade numpy || failed=1
exit "$failed"
