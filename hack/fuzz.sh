#!/usr/bin/env bash
# Runs every fuzz target of the root module for a while: go test -fuzz takes one
# target of one package at a time.
#
# usage: hack/fuzz.sh [duration]
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:-10s}

count=0
failed=
while IFS=: read -r file line; do
  name=${line#func }
  name=${name%%(*}
  dir=$(dirname "$file")
  echo "== $dir $name"
  "${GO:-go}" test -run '^$' -fuzz "^$name\$" -fuzztime "$duration" "./$dir" || failed="$failed $name"
  count=$((count + 1))
done < <(git grep --untracked -E '^func Fuzz[A-Z0-9_]' -- '*_test.go')

if [ "$count" -eq 0 ]; then
  echo "no fuzz target found" >&2
  exit 1
fi
if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
