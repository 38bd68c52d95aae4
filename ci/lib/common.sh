# Sourced by the scripts of ci/. Each function does one stage, does nothing when there is nothing to do, and can be
# called again. A stage runs where `set -e` is off, so each step says `|| return`. Everything that is made lies below build/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly VENV=$PWD/build/venv
readonly PRESET=${DLCONFORM_PRESET:-dev}
readonly BUILD=$PWD/build/$PRESET
# What Debian 12 calls what we need. ccache is used where it is, and not asked for.
readonly PACKAGES=(g++ cmake ninja-build libgtest-dev libgmock-dev python3-dev python3-venv clang-format chromium)

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# Several build folders compile the same sources: with paths made relative they share what ccache keeps.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi

TIMES=()

# stage NAME COMMAND...: runs it and keeps its time; the lines come together at the end.
stage() {
  local name=$1 begin=$EPOCHREALTIME
  shift
  printf '== %s\n' "$name" >&2
  local status=0
  "$@" || status=$?
  local line
  line=$(awk -v a="$begin" -v b="$EPOCHREALTIME" -v n="$name" -v s="$status" \
         'BEGIN { printf "%8.1f s  %s%s", b - a, n, s ? "  FAILED (" s ")" : "" }')
  TIMES+=("$line")
  return "$status"
}

print_times() { ((${#TIMES[@]})) && printf '%s\n' "time per stage:" "${TIMES[@]}" >&2 || true; }
trap print_times EXIT

missing_packages() {
  local name
  for name in "${PACKAGES[@]}"; do
    case $name in
      g++ | cmake | clang-format | chromium) command -v "$name" >/dev/null && continue ;;
      ninja-build) command -v ninja >/dev/null && continue ;;
      python3-dev | python3-venv) "$(find_python)" -c 'import ensurepip, pathlib, sysconfig, venv
assert pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()' 2>/dev/null && continue ;;
      *) dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok' && continue ;;
    esac
    echo "$name"
  done
}

# The interpreter: $PYTHON, else the first python3 that is 3.11 or newer (the pinned NumPy needs that).
find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3 /usr/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "python3"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    printf 'missing: %s\nas root: apt-get install %s\n' "${missing[*]}" "${missing[*]}" >&2
    return 4
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# build/venv from ci/requirements.txt. torch is pinned there, so pip can take no other one.
make_venv() {
  local want stamp=$VENV/.requirements
  want=$(sha256sum ci/requirements.txt)
  [[ -f $stamp && $(<"$stamp") == "$want" ]] && return 0
  [[ -x $VENV/bin/python ]] || "$(find_python)" -m venv "$VENV" || return
  "$VENV/bin/pip" install --quiet -r ci/requirements.txt || return
  echo "$want" >"$stamp"
}

# build PRESET [TARGET...]: configures once (ninja configures again by itself) and builds.
build() {
  local preset=$1
  shift
  if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset" -DPython_EXECUTABLE="$VENV/bin/python" >&2 || return
  fi
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2
}

# The wheel is made in the preset's own folder, so nothing compiles twice; then it is installed like any other.
install_package() {
  local want stamp=$VENV/.package
  want=$(find conformance dlpack_impl reports/page pyproject.toml CMakeLists.txt LICENSE -type f \
         -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  [[ -f $stamp && $(<"$stamp") == "$want" && -x $VENV/bin/dlconform ]] && return 0
  rm -rf build/dist
  "$VENV/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir build/dist . \
    --config-settings=build-dir="$BUILD" --config-settings=cmake.build-type=RelWithDebInfo \
    --config-settings=cmake.define.DLCONFORM_BUILD_TESTS=ON --config-settings=cmake.define.DLCONFORM_WERROR=ON || return
  "$VENV/bin/pip" install --quiet --no-deps --force-reinstall build/dist/*.whl || return
  echo "$want" >"$stamp"
}
