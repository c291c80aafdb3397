#!/usr/bin/env bash
# Builds what the end-to-end proof needs, and runs it: see docs/e2e.md.
#
# usage: E2E_NODE=... E2E_LOAD=... E2E_INSTALL=... IMG=... VERSION=... test/e2e/run.sh [flag...]
set -euo pipefail
cd "$(dirname "$0")/../.."
GO=${GO:-go}
out=$PWD/bin/e2e
mkdir -p "$out"

# The programs of a node are built for this alone, the kubelet above all.
programs=(kubectl)
if [ "${E2E_NODE:-}" = local ]; then
  programs=(etcd kubectl kube-apiserver kube-controller-manager kube-scheduler kubelet)
fi
assets=$("$GO" -C hack/controlplane run . "${programs[@]}")

# image NAME ARCHIVE VERSION FOLDER: one image, for this machine.
archives=()
image() {
  "$GO" -C hack/image run . -name "$1" -title "${4##*/}" -archive "$out/$2.tar" -version "$3" "$PWD/$4"
  archives+=("$out/$2.tar")
}
simulator=klink-simulator:e2e
image "$IMG" manager "$VERSION" cmd/manager
image "$IMG-next" next "$VERSION-next" cmd/manager
image "$simulator" simulator "$VERSION" cmd/klink-simulator

if [ "${E2E_NODE:-}" = local ]; then
  image klink-e2e-pause:local pause "$VERSION" test/e2e/pause
elif [ -n "${E2E_LOAD:-}" ]; then
  for archive in "${archives[@]}"; do
    # $E2E_LOAD is a command with arguments: it is split on purpose.
    $E2E_LOAD "$archive"
  done
fi

# Ways to install the operator: manifest, chart.
ways=${E2E_INSTALL:-manifest,chart}
if [[ ",$ways," = *,chart,* ]]; then
  "$GO" -C hack/tools/helm build -o "$out/helm" helm.sh/helm/v4/cmd/helm
  export PATH="$out:$PATH"
fi

"$GO" -C test/e2e build -o "$out/e2e" .
exec "$out/e2e" -node="${E2E_NODE:-}" -install="$ways" -programs="$assets" -archives="$(IFS=,; echo "${archives[*]}")" \
  -image="$IMG" -next-image="$IMG-next" -simulator-image="$simulator" "$@"
