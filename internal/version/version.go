// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package version holds the version of the running program and nothing else, so
// that any package may import it.
package version

// Version is the version of this build, such as v0.3.1 or v0.3.1-4-g1a2b3c4. The
// Makefile and the Dockerfile set it with the linker's -X flag; it is "dev"
// otherwise.
var Version = "dev"
