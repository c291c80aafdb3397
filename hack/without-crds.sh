#!/usr/bin/env bash
# Copies a stream of YAML documents from stdin to stdout without its CRDs.
# Deleting a CRD deletes all of its objects: removing the operator must not.
set -euo pipefail
awk '
  function flush() { if (!crd) printf "%s", doc; doc = ""; crd = 0 }
  /^---/ { flush() }
  /^kind: *"?CustomResourceDefinition"? *$/ { crd = 1 }
  { doc = doc $0 "\n" }
  END { flush() }
'
