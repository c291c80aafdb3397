// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import "io"

// Options say what Start starts. The zero value is a bare API server.
type Options struct {
	// CRDPaths are files or folders of CRDs to install. A missing path is an
	// error.
	CRDPaths []string

	// ControllerManager also runs kube-controller-manager. Without it no
	// namespace is ever deleted, nothing is garbage-collected, no ClusterRole is
	// aggregated, and namespaces have no default ServiceAccount.
	ControllerManager bool

	// APIServerArgs and ControllerManagerArgs are appended to the programs'
	// command lines; a flag given twice takes the last value.
	APIServerArgs         []string
	ControllerManagerArgs []string

	// Log gets what the programs write. Nil keeps it in files that go away with
	// the control plane; the end of them is quoted when a start fails.
	Log io.Writer
}
