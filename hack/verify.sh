#!/usr/bin/env bash
# Checks that generated files, formatting, headers and go.mod files are up to
# date. Generators run in a copy, so that the tree is never touched.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

fail() {
  echo "FAIL: $1" >&2
  failed=1
}

# files [pattern...]: the files of the tree as they are, committed or not.
files() {
  git ls-files -z --cached --others --exclude-standard -- "$@" |
    while IFS= read -r -d '' file; do
      if [ -f "$file" ]; then printf '%s\0' "$file"; fi
    done
}

echo "verify: generated files"
mkdir "$tmp/before" "$tmp/after"
files | tar --null -T - -cf - | tar -xf - -C "$tmp/before"
cp -R "$tmp/before/." "$tmp/after"
make --no-print-directory -C "$tmp/after" GO="$GO" generate manifests api-reference build-installer build-chart bundle >"$tmp/log" 2>&1 || {
  cat "$tmp/log" >&2
  fail "the generators do not run"
}
(cd "$tmp" && diff -ruN before after) || fail "generated files are stale: run make generate manifests api-reference build-installer build-chart bundle"

echo "verify: formatting"
unformatted=$(files '*.go' | xargs -0 gofmt -s -l)
[ -z "$unformatted" ] || fail "not formatted, run make fmt: $unformatted"

echo "verify: headers"
while IFS= read -r -d '' file; do
  # Build constraints and "generated" marks may stand above the header.
  head -n 6 "$file" | grep -qF "$(head -n 1 hack/boilerplate.go.txt)" || fail "no license header: $file"
done < <(files '*.go')

echo "verify: go.mod files"
while IFS= read -r -d '' mod; do
  "$GO" -C "$(dirname "$mod")" mod tidy -diff || fail "not tidy: $mod"
done < <(files go.mod '*/go.mod')

[ "$failed" -eq 0 ] && echo "verify: ok"
exit "$failed"
