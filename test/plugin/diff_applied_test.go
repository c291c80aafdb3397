// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// TestDiffIsOfWhatApplyLeaves: what others have set in the cluster, and no manifest says, stays
// when a manifest is applied, and so decides what the operator does. What a manifest said
// before, and says no longer, goes.
func TestDiffIsOfWhatApplyLeaves(t *testing.T) {
	for name, how := range map[string][]string{"client-side": nil, "server-side": {"--server-side", "--force-conflicts"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.operate()
			in := []string{"-n", w.namespace}
			base := manifest("plaza", "v1alpha1", w.namespace)
			apply := func(text string) { w.kubectl(text, append([]string{"apply", "-f", "-"}, how...)...) }
			apply(base + "  description: one\n")
			id := w.groups.await("plaza", v1alpha1.ReasonSynced).Status.ID
			w.want(w.diffOf(base+"  description: two\n", in...), 1, "kgrp/plaza: update "+id+"\n  description:\n    - one\n    + two\n")
			w.want(w.diffOf(base, in...), 0, "kgrp/plaza: nothing (Synced")
			w.want(w.klink("suspend", "plaza"), 0, "Suspended")
			w.want(w.diffOf(base+"  description: two\n", in...), 0, "kgrp/plaza: nothing (Suspended")
			apply(base + "  description: two\n")
			w.want(w.klink("diff", "plaza"), 0, "kgrp/plaza: nothing (Suspended")
			w.want(w.klink("resume", "plaza"), 0)
			w.groups.await("plaza", v1alpha1.ReasonSynced)
			// An annotation of the manifest counts, also for a Group that is there.
			foreign := "---\napiVersion: klink.cloud/v1alpha1\nkind: Group\nmetadata:\n  name: plaza\n  annotations: {klink.cloud/group-cluster: other}\nspec:\n" +
				"  connectionRef: {kind: Connection, name: sim}\n  name: The plaza\n  description: two\n"
			w.want(w.diffOf(foreign, in...), 0, "kgrp/plaza: nothing (IDConflict", "another cluster (other)")
			// The API server says which field is wrong.
			w.want(w.diffOf(base+"  description: 123\n", in...), 2, "spec.description")
			w.sim.ResetRequests()
			apply(base)
			w.groups.await("plaza", v1alpha1.ReasonSynced)
			if g := w.groups.get("plaza"); g.Spec.Description != nil {
				t.Errorf("description %q stayed", *g.Spec.Description)
			}
			w.want(w.klink("diff", "plaza"), 0, "kgrp/plaza: nothing (Synced")
			w.wantNoWrites()
		})
	}
}
