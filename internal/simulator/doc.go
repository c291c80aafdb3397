// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package simulator is a stand-in for the klink.cloud groups API: the endpoints of its reference page, in memory,
// with every answer that the page leaves open as a switch (Settings) and every way a network or a server can fail
// as a rule (Fault).
//
// It belongs here when it is about how the remote side behaves. What a client should make of that does not: the
// package knows nothing of Kubernetes nor of the operator's own REST client, so that neither can agree with it by
// sharing a mistake.
//
// A Server is an http.Handler for /api/v1/groups. Transport serves the same requests in process, without sockets and
// with no clock but the time package, so that it runs under testing/synctest. Admin is the same vocabulary over HTTP.
package simulator
