// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

// Trust is whether a connection shows the account that its Groups live in.
type Trust int

const (
	// TrustUnjudged: nothing has told yet.
	TrustUnjudged Trust = iota
	// TrustProvisional: its Groups owned nothing that could tell when it was looked at.
	TrustProvisional
	// TrustEarned: it has shown a group that one of its Groups owns.
	TrustEarned
	// TrustLost: it does not show the groups that its Groups own.
	TrustLost
)

// String names the trust for logs.
func (t Trust) String() string {
	return [...]string{"Unjudged", "Provisional", "Earned", "Lost"}[t]
}
