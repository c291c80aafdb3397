// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package klink is the client of the klink.cloud groups API: requests, replies,
// errors, the walk over a paginated account, and the rate of one connection.
//
// Every call makes one HTTP exchange. Nothing in here retries a call, sleeps, or
// decides what a result means for a declared group; its callers requeue instead.
//
// How the groups page means its list to be paged is not written down: it names limit and has_more, and no way
// to the page behind. Other pages of the vendor use page numbers, and the template that the pages were made
// from a cursor. So a Lister asks as the page documents, follows what the reply shows, keeps what has led on,
// and says of each listing whether it shows the whole account, and if not, why.
//
// A reply decides something only if it can be the API's own. What an ingress, a proxy, a login page or a cache
// answers is an Error of KindIntermediary, and what a reply does not show is unknown, not empty.
//
// What does not belong here: Kubernetes, what is declared, which group belongs to whom,
// and whether an account's replies are to be trusted.
package klink
