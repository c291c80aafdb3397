// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// program is the manager as a process of its own, which can be killed as nothing
// within this one can.
type program struct {
	cmd     *exec.Cmd
	metrics string // host and port
}

// buildManager builds cmd/manager.
func buildManager(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "manager")
	if err := checkout.Build(t.Context(), path, "./cmd/manager"); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs the manager for this world, until it is killed or the test ends.
func (w *world) run(path string) *program {
	w.Helper()
	p := &program{metrics: worlds.FreeAddress(w)}
	p.cmd = exec.Command(path,
		"--watch-namespaces="+w.namespace, "--operator-namespace="+w.namespace, "--allowed-endpoints="+w.sim.URL,
		"--metrics-bind-address="+p.metrics, "--metrics-secure=false", "--health-probe-bind-address=0")
	cluster.Adopt(p.cmd)
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig())
	p.cmd.Stdout, p.cmd.Stderr = logs, logs
	if err := p.cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash would.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		_ = p.cmd.Wait()         // its end is a signal
	}
}

// scrape reads the program's metrics.
func (p *program) scrape(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.metrics+"/metrics", nil)
	if err != nil {
		return "", err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(reply.Body)
	if closeErr := reply.Body.Close(); err == nil {
		err = closeErr
	}
	return string(text), err
}

// A manager that dies between the POST and the note of its id leaves a remote group
// that only its attempt tells of.
func TestAKilledManagerLosesAndDoublesNoGroup(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	path := buildManager(t)
	const n = 4
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, Times: n, Action: simulator.HangAfter})
	first := w.run(path)
	names := w.groups.createMany("torn", n, func(g *v1alpha1.Group) { g.Spec.Description = new("World-renowned.") })
	eventually(w, func() string {
		if made := len(w.sim.Groups()); made < n {
			return fmt.Sprintf("%d groups were made so far", made)
		}
		return ""
	})
	first.kill()
	for _, name := range names {
		if g := w.groups.get(name); g.Status.ID != "" || g.Annotations[v1alpha1.AnnotationCreateAttempt] == "" {
			t.Errorf("%s was killed too late: %v, %+v", name, g.Annotations, g.Status)
		}
	}

	second := w.run(path)
	for _, name := range names {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		if note := w.groups.awaitEvent(name, "Created"); !strings.Contains(note, "recovered") {
			t.Errorf("the event does not tell of the recovery: %s", note)
		}
	}
	w.calls.nextPasses(1)
	w.wantOneToOne(names...)
	if posts := w.sim.Counts()["POST"]; posts != n {
		t.Errorf("%d POSTs for %d Groups", posts, n)
	}
	text, err := second.scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`klink_create_recoveries_total{outcome="bound"} %d`, n); !strings.Contains(text, want) {
		t.Errorf("the metrics lack %s", want)
	}
	if strings.Contains(text, token) {
		t.Error("the token stands in the metrics")
	}
}
