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

// Trusted judges one look at the account: of owned ids, missing were not shown.
// Trust is earned by showing an id that a Group owns (or by there being none),
// and lost when a look misses more than 10 and more than 20 % of them, or all of
// two or more: that is taken for a wrong tenant or a broken API, not for news.
//
// earned says that an owned id was shown since endpoint and token are what they
// are, and trust was not lost since: only then may the one and only id be missed.
func Trusted(earned bool, owned, missing int) bool {
	switch {
	case owned == 0 || missing == 0:
		return true
	case missing >= 2 && missing == owned:
		return false
	case missing > 10 && missing*5 > owned:
		return false
	default:
		return earned || missing < owned
	}
}
