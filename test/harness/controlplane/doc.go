// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package controlplane runs a Kubernetes control plane on loopback: etcd,
// kube-apiserver and, when asked, kube-controller-manager, from the programs
// that hack/controlplane pins. The tests, the demo and the benchmarks share it.
//
// It differs from controller-runtime's envtest, which it borrows the CRD
// installation from, in what the fault tests need: each process can be killed,
// paused and started again where it was; namespaces really go away, because the
// controller manager runs; and nothing outlives the program that started it,
// even when that program is killed.
//
// Authorization is RBAC, as on a real cluster. Nothing about klink.cloud belongs
// here.
package controlplane
