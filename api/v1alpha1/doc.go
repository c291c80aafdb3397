// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package v1alpha1 holds the klink.cloud/v1alpha1 API: the Go types of Group,
// Connection and ClusterConnection, the markers from which their CRDs are
// generated, and the names that users rely on (conditions, reasons,
// annotations, finalizers).
//
// It belongs here if a user can see it in the API server. Behaviour does not
// belong here beyond small accessors, and neither does anything that needs
// more than apimachinery: clients of the operator import this package too.
//
// +kubebuilder:object:generate=true
// +groupName=klink.cloud
package v1alpha1
