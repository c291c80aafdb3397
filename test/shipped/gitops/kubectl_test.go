// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// kubectl runs kubectl in the world's namespace, which has to succeed.
func (w *world) kubectl(args ...string) string {
	w.Helper()
	out, err := w.tryKubectl(args...)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) tryKubectl(args ...string) (string, error) {
	return w.cp.Kubectl(w.Context(), append([]string{"--namespace=" + w.namespace}, args...)...)
}

// TestKubectlWaits: a script that waits for Ready waits for the present generation, not
// for the last one.
func TestKubectlWaits(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t)
	w.start()
	w.group("it")
	w.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "kconn/sim", "kgrp/it")
	w.awaitSynced("it")

	w.stop()
	w.edit("it", func(g *v1alpha1.Group) { g.Spec.Description = new("New.") })
	w.wantUntouched("Group", "it")
	if out, err := w.tryKubectl("wait", "--for=condition=Ready", "--timeout=1s", "kgrp/it"); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("kubectl did not wait for the operator: %v: %s", err, out)
	}
	w.start()
	w.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "kgrp/it")
	if have := w.sim.Groups()[0].Description; have == nil || *have != "New." {
		t.Errorf("kubectl waited for too little: the description is %v", have)
	}
}
