// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func version(v string) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{ResourceVersion: v}}
}

// A cache that lags behind our own writes must not make us repeat them, and one that
// shows somebody else's must be believed.
func TestACacheThatLagsBehindOurOwnWritesIsNotLookedAt(t *testing.T) {
	restored := version("1")
	restored.Generation = 2
	o := lastWritten[*v1alpha1.Group]{}
	o.record(version("3"))
	if have := o.latest(restored); have != restored {
		t.Error("what somebody declared in a cluster that was restored is not looked at")
	}
	for name, test := range map[string]struct{ written, cached, looked string }{
		"what we have written over":                     {"3", "1", "3"},
		"what somebody wrote, and we have written over": {"12", "9", "12"},
		"what we wrote":                                 {"3", "3", "3"},
		"what somebody wrote since":                     {"9", "12", "12"},
		"versions without an order":                     {"3", "x1", "x1"},
	} {
		var o lastWritten[*v1alpha1.Group]
		o.record(version("2"))
		o.record(version(test.written))
		for range 2 { // what a look sees does not depend on how many there were
			if have := o.latest(version(test.cached)).ResourceVersion; have != test.looked {
				t.Errorf("%s: with %s in the cache, %s is looked at, not %s", name, test.cached, have, test.looked)
			}
		}
	}
}

func TestWhatTheCacheHasCaughtUpWithIsForgotten(t *testing.T) {
	var o lastWritten[*v1alpha1.Group]
	o.record(version("2"))
	o.latest(version("2"))
	if o.known || o.newest != nil {
		t.Errorf("%v is kept", o.newest)
	}
}

func TestWhatIsLookedAtMayBeChanged(t *testing.T) {
	var o lastWritten[*v1alpha1.Group]
	after := version("2")
	o.record(after)
	after.Status.ID = "changed later"
	o.latest(version("1")).Status.ID = "changed by a look"
	if id := o.latest(version("1")).Status.ID; id != "" {
		t.Errorf("the copy was %s", id)
	}
}
