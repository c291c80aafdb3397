// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package manifest writes remote groups as Group manifests, for people who bring
// existing groups under GitOps. A manifest declares what the remote group shows, so
// that applying it changes nothing remotely; what no Group can declare is said, with
// the reason, and left out.
//
// What does not belong here: reading an account, and any Kubernetes client.
package manifest
