#!/usr/bin/env bash
# A CI job in one call, under any CI: installs, runs (or merges shards), reports; exits as dlconform does.
# Everything comes from the environment, and what is not set is left out:
#   DLCONFORM_LIBRARY_FILE  DLCONFORM_TARGET  DLCONFORM_LIBRARIES  DLCONFORM_EXPECT  DLCONFORM_PROFILE  DLCONFORM_SHARD
#   DLCONFORM_MERGE    folder with the records of all shards: they are merged and reported, nothing is run
#   DLCONFORM_INSTALL  what pip installs first, words apart by spaces
#   DLCONFORM_OUT      folder for run.ndjson.gz, junit.xml, summary.md and index.html (default dlconform-out)
# On GitHub the summary also goes to the job's page, and `records` and `code` to the step's outputs.
set -euo pipefail

out=${DLCONFORM_OUT:-dlconform-out}
mkdir -p "$out"

if [[ -n ${DLCONFORM_INSTALL:-} ]]; then
  read -ra packages <<<"$DLCONFORM_INSTALL"
  python -m pip install --quiet "${packages[@]}"
fi

given=()
# add OPTION VALUE: passes the option on where it has a value.
add() { [[ -z ${2:-} ]] || given+=("$1" "$2"); }

add --target "${DLCONFORM_TARGET:-}"
add --expect "${DLCONFORM_EXPECT:-}"
if [[ -n ${GITHUB_RUN_ID:-} ]]; then
  add --link "${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID"
fi

if [[ -n ${DLCONFORM_MERGE:-} ]]; then
  records=$out/run.ndjson.gz
  mapfile -d '' -t shards < <(find "$DLCONFORM_MERGE" -name '*.ndjson.gz' -not -path "$records" -print0 | sort -z)
  ((${#shards[@]})) || { echo "no *.ndjson.gz in $DLCONFORM_MERGE" >&2; exit 4; }
  command=(merge "${shards[@]}")
else
  # Records of several shards end in one folder: each has a name of its own.
  records=$out/run${DLCONFORM_SHARD:+-${DLCONFORM_SHARD//\//-of-}}.ndjson.gz
  command=(run)
  add --library "${DLCONFORM_LIBRARY_FILE:-}"
  add --libraries "${DLCONFORM_LIBRARIES:-}"
  add --profile "${DLCONFORM_PROFILE:-}"
  add --shard "${DLCONFORM_SHARD:-}"
fi

rm -f "$records" "$out"/{junit.xml,summary.md,index.html}  # of an earlier call
code=0
dlconform "${command[@]}" "${given[@]}" --out "$records" \
  --junit "$out/junit.xml" --markdown "$out/summary.md" || code=$?

# A page of one shard would mislead; and its cause is on stderr where there are no records.
if [[ -f $records && -z ${DLCONFORM_SHARD:-} ]]; then
  page=(report "$records" --out "$out/index.html" --exit-zero)
  [[ -z ${DLCONFORM_LIBRARY_FILE:-} ]] || page+=(--library "$DLCONFORM_LIBRARY_FILE")
  dlconform "${page[@]}" >/dev/null || true
fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $out/summary.md ]]; then
  cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then
  printf 'records=%s\ncode=%d\n' "$records" "$code" >>"$GITHUB_OUTPUT"
fi
exit "$code"
