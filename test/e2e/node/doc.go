// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package node brings up a real Kubernetes node on this machine, without Docker:
// containerd and runc from the system's packages, the kubelet, the scheduler and
// the control plane from hack/controlplane.
//
// Enter runs the program once more in namespaces of its own: processes, mounts,
// network, host name. What it starts there, the bridge, the addresses and the
// mounts included, ends with those namespaces, however the program ends. What is
// left, a folder and control groups, a guard outside takes away.
//
// In the place of kube-proxy and a cluster DNS, which need what not every machine
// has, services.go and dns.go do what the tests need of them: TCP to the addresses
// of Services, and their names.
//
// What does not belong here: anything of this operator.
package node
