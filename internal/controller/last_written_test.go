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
	var o lastWritten[*v1alpha1.Group]
	o.record("1", version("2"))
	o.record("2", version("2")) // a patch that changed nothing
	o.record("2", version("3"))
	for _, c := range []struct{ cached, looked string }{{"1", "3"}, {"2", "3"}, {"1", "3"}, {"3", "3"}, {"7", "7"}, {"1", "1"}} {
		cached := version(c.cached)
		if have := o.latest(cached).ResourceVersion; have != c.looked {
			t.Errorf("with %s in the cache, %s is looked at, not %s", c.cached, have, c.looked)
		}
	}
}

func TestWhatIsLookedAtMayBeChanged(t *testing.T) {
	var o lastWritten[*v1alpha1.Group]
	after := version("2")
	o.record("1", after)
	after.Status.ID = "changed later"
	o.latest(version("1")).Status.ID = "changed by a look"
	if id := o.latest(version("1")).Status.ID; id != "" {
		t.Errorf("the copy was %s", id)
	}
}
