// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package klink is the client of the klink.cloud groups API: requests, replies,
// errors, the walk over a paginated account, and the rate of one connection.
//
// Every call makes one HTTP exchange. Nothing in here retries a call, sleeps, or
// decides what a result means for a declared group; its callers requeue instead.
//
// What does not belong here: Kubernetes, what is declared, which group belongs to whom,
// and whether an account's replies are to be trusted.
package klink
