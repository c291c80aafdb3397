#!/usr/bin/env bash
# Prints config/default with the manager's image replaced. The image is set in an
# overlay under bin/, so that deploying never edits a file of the repository.
#
# usage: KUSTOMIZE=... hack/render.sh repository[:tag|@digest]
set -euo pipefail
cd "$(dirname "$0")/.."
image=$1

mkdir -p bin/render
cat > bin/render/kustomization.yaml <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../config/default
YAML
# $KUSTOMIZE is a command with arguments: it is split on purpose.
(cd bin/render && $KUSTOMIZE edit set image "controller=$image")
$KUSTOMIZE build bin/render
