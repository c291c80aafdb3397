#!/usr/bin/env bash
# Prints config/default with the manager's image replaced. The image is set in a
# passing overlay under bin/, so that deploying never edits a file of the
# repository.
#
# usage: KUSTOMIZE=... hack/render.sh repository[:tag|@digest]
set -euo pipefail
cd "$(dirname "$0")/.."
image=$1

mkdir -p bin
overlay=$(mktemp -d bin/render.XXXXXX)
trap 'rm -rf "$overlay"' EXIT
cat > "$overlay/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../config/default
YAML
# $KUSTOMIZE is a command with arguments: it is split on purpose.
(cd "$overlay" && $KUSTOMIZE edit set image "ghcr.io/klink-cloud/klink-operator=$image")
$KUSTOMIZE build "$overlay"
