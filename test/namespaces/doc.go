// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package namespaces proves what becomes of Groups whose surroundings go away: their
// namespace, with the Connection and the Secret in it; their connection for good; and
// their CRD. It needs kube-controller-manager, without which no namespace ever goes.
//
// The deletion of a single Group belongs in test/integration.
package namespaces
