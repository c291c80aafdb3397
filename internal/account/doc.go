// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package account is what a connection is at run time: one client with one rate,
// a mirror of the remote account, the breaker that takes the connection down and
// up, the trust in what it shows, and the registry of all accounts with the
// claims on their ids.
//
// One poller per account lists it and says what changed; the reconcilers plan
// against the mirror and make their calls through the account, which never
// makes a worker wait: a call that cannot start now returns [DeferredError].
//
// What does not belong here: Kubernetes objects and conditions (package
// controller), decisions about a Group (package plan), HTTP (package klink).
package account
