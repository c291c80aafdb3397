#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Has krew's own library judge the manifest in a folder of archives, and krew install the
# archive of each platform from it, into a folder that goes away again.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
krew() { ${GO:-go} tool -modfile="$PWD/hack/tools/krew/go.mod" "$@"; }
krew validate-krew-manifest -skip-install -manifest "$folder/klink.yaml"
for archive in "$folder"/kubectl-klink_*.tar.gz; do
	IFS=_ read -r _ os arch <<< "$(basename "$archive" .tar.gz)"
	root=$(mktemp -d)
	trap 'rm -rf "$root"' EXIT
	KREW_ROOT=$root KREW_OS=$os KREW_ARCH=$arch krew krew install --manifest "$folder/klink.yaml" --archive "$archive" 2>&1 | grep -v '^\(WARNING\|Installing\)' || true
	test -f "$(echo "$root"/store/klink/*/LICENSE)"
	ls "$root"/bin/kubectl-klink* >/dev/null
	rm -rf "$root"
done
echo "krew installs klink on all $(ls "$folder"/kubectl-klink_*.tar.gz | wc -l) platforms"
