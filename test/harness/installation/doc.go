// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package installation runs what is installed as a cluster would: the manager's
// program with the arguments, the environment and the ServiceAccount of its
// Deployment, on a control plane that keeps an audit log of it, against a stand-in for
// the groups API under the API's own name. It compares that log with the roles, and
// hands out the commands and manifests of the pages.
//
// A Tenant is a namespace in which people then declare Groups. What is installed, and what
// has to happen besides, belongs into the tests that use it.
package installation
