#!/usr/bin/env bash
# Builds what the end-to-end proof needs, and runs it: see docs/e2e.md.
#
# usage: E2E_NODE=... E2E_LOAD=... E2E_INSTALL=... IMG=... VERSION=... test/e2e/run.sh [flag...]
set -euo pipefail
cd "$(dirname "$0")/../.."
GO=${GO:-go}
out=$PWD/bin/e2e
mkdir -p "$out"

# What is wanting is said before anything is built for minutes.
if [ -n "${E2E_NODE:-}" ] && [ "$E2E_NODE" != local ]; then
  echo "E2E_NODE is \"$E2E_NODE\": it is local, or empty for the cluster of the current kubeconfig" >&2
  exit 2
fi
if [ "${E2E_NODE:-}" = local ] && [ "$(id -u)" -ne 0 ]; then
  echo "a node of its own needs root (E2E_NODE=local); run it as root, or without E2E_NODE on a cluster that there is" >&2
  exit 2
fi
if [ -n "${E2E_LOAD:-}" ] && ! command -v "${E2E_LOAD%% *}" >/dev/null; then
  echo "E2E_LOAD begins with ${E2E_LOAD%% *}, which is not on the PATH" >&2
  exit 2
fi
begun=$SECONDS
echo "building what the proof needs into bin/e2e: programs of Kubernetes (the first time, some minutes) and images"

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

echo "built in $((SECONDS - begun)) s"

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
