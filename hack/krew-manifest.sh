#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints the krew manifest of the archives in a folder, as plugin-archives.sh writes them, for
# a release of the given version.
set -euo pipefail
folder=$1 version=$2
cat <<MANIFEST
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: klink
spec:
  version: $version
  homepage: https://github.com/klink-cloud/klink-operator
  shortDescription: Bring klink.cloud groups under GitOps
  description: |
    Imports the groups of a klink.cloud account as manifests, shows what the
    klink-operator would change, and says why a Group is not ready.
  platforms:
MANIFEST
for archive in "$folder"/kubectl-klink_*.tar.gz; do
	name=$(basename "$archive" .tar.gz)
	IFS=_ read -r _ os arch <<< "$name"
	program=kubectl-klink
	[ "$os" != windows ] || program=kubectl-klink.exe
	cat <<MANIFEST
    - selector: {matchLabels: {os: $os, arch: $arch}}
      uri: https://github.com/klink-cloud/klink-operator/releases/download/$version/$name.tar.gz
      sha256: $(sha256sum "$archive" | cut -d' ' -f1)
      bin: $program
      files: [{from: $program, to: .}, {from: LICENSE, to: .}]
MANIFEST
done
