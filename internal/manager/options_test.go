// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Managers that part the connections among them, and share a Lease, wait for one another
// for ever; replicas that do not share one work side by side.
func TestShardsDoNotShareALease(t *testing.T) {
	t.Parallel()
	names := map[string]Options{}
	for _, o := range []Options{
		{}, {ConnectionSelector: "shard=a"}, {ConnectionSelector: "shard!=a"}, {ConnectionSelector: "shard=a", WatchNamespaces: "lobby"},
	} {
		o = checkable(o)
		s, err := o.check()
		if err != nil {
			t.Fatal(err)
		}
		again, err := o.check()
		if err != nil || again.leaseName() != s.leaseName() {
			t.Errorf("two replicas have the Leases %s and %s (%v)", s.leaseName(), again.leaseName(), err)
		}
		if other, taken := names[s.leaseName()]; taken {
			t.Errorf("%+v and %+v share %s", o, other, s.leaseName())
		}
		names[s.leaseName()] = o
	}
	if _, whole := names["klink-operator.klink.cloud"]; !whole {
		t.Error("a manager of all connections has another Lease than its Role names")
	}
}

// The Role has to name the Lease, so that docs/install.md tells how to find its name.
func TestTheNameOfALeaseIsDocumented(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n%s\n' "klink.cloud/shard=emea" "" | sha256sum | cut -c1-8`).Output()
	if err != nil {
		t.Fatal(err)
	}
	o := checkable(Options{ConnectionSelector: "klink.cloud/shard=emea"})
	s, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	if want := "klink-operator-" + strings.TrimSpace(string(out)) + ".klink.cloud"; s.leaseName() != want {
		t.Errorf("the Lease is %s, want %s", s.leaseName(), want)
	}
}

// A selector with a slip must not select everything.
func TestAWrongSelectorIsRefused(t *testing.T) {
	t.Parallel()
	o := checkable(Options{ConnectionSelector: "shard==,"})
	if _, err := o.check(); err == nil || !strings.Contains(err.Error(), "--connection-selector") {
		t.Errorf("it is taken: %v", err)
	}
}

// The cache watches each namespace once, and a lookup waits for as many as are named.
func TestANamespaceThatIsNamedTwiceIsWatchedOnce(t *testing.T) {
	t.Parallel()
	o := checkable(Options{WatchNamespaces: "lobby, studio,lobby,"})
	s, err := o.check()
	if err != nil || !slices.Equal(s.namespaces, []string{"lobby", "studio"}) {
		t.Errorf("%q are watched; %v", s.namespaces, err)
	}
}

// checkable gives options what has no default outside of a cluster.
func checkable(o Options) Options {
	o.Workers, o.OperatorNamespace, o.AllowedEndpoints = 1, "klink-operator-system", allowedByDefault
	return o
}
