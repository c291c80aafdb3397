#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds kubectl-klink for each OS/ARCH given, and writes bin/plugin/kubectl-klink_OS_ARCH.tar.gz.
# The same sources and Go give the same archives.
set -euo pipefail
cd "$(dirname "$0")/.."
out=bin/plugin
rm -rf "$out" && mkdir -p "$out"
for platform in "$@"; do
	os=${platform%/*} arch=${platform#*/} program=kubectl-klink
	[ "$os" != windows ] || program=kubectl-klink.exe
	stage=$(mktemp -d)
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch ${GO:-go} build -trimpath -ldflags "${LDFLAGS:-}" -o "$stage/$program" ./cmd/kubectl-klink
	cp LICENSE "$stage"
	tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" -cf - LICENSE "$program" |
		gzip -n > "$out/kubectl-klink_${os}_${arch}.tar.gz"
	rm -rf "$stage"
done
version=${VERSION:-dev}
[[ $version == v[0-9]* ]] || version=v0.0.0-$version # krew takes semantic versions alone
hack/krew-manifest.sh "$out" "$version" > "$out/klink.yaml"
ls -l "$out"
