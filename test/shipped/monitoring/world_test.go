// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const (
	operatorNamespace = "klink-operator-system"
	serviceAccount    = "klink-operator-controller-manager"
	team              = "default"
	// patience is how long a test waits for what has to happen; it is no measure of
	// how long that should take.
	patience = 4 * time.Minute
)

var plane *controlplane.ControlPlane

func TestMain(m *testing.M) {
	controlplane.Main(m, controlplane.Options{}, func(cp *controlplane.ControlPlane) { plane = cp })
}

// world is the real manager, as its ServiceAccount, on a ClusterConnection to the
// stand-in API.
type world struct {
	*testing.T

	cp      *controlplane.ControlPlane
	api     client.Client
	sim     *simulator.Instance
	token   string
	address string // of the metrics
	log     *worlds.Journal
	stop    func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, cp: plane, api: worlds.Client(plane.Config), token: rand.Text(), log: &worlds.Journal{}}
	w.sim = simulator.Start(t, simulator.Options{Token: w.token})
	w.install()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the manager's log:\n%s", strings.ReplaceAll(w.log.About(""), w.token, "[token]"))
		}
	})
	w.start()
	return w
}

// install makes what config/default makes, but the Deployment, and the objects that
// a platform team adds: the Secret, the connection, and the rights of Prometheus.
func (w *world) install() {
	w.Helper()
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", checkout.Path("test/demo/install")},
		{"wait", "--for=condition=Established", "--timeout=60s", "crd/groups.klink.cloud", "crd/clusterconnections.klink.cloud"},
		{"create", "namespace", "monitoring"},
		{"create", "serviceaccount", "prometheus", "--namespace=monitoring"},
		{"create", "serviceaccount", "stranger", "--namespace=monitoring"},
		{"create", "clusterrolebinding", "prometheus", "--clusterrole=klink-operator-metrics-reader", "--serviceaccount=monitoring:prometheus"},
	} {
		if _, err := w.cp.Kubectl(w.Context(), args...); err != nil {
			w.Fatal(err)
		}
	}
	w.create(worlds.Secret(operatorNamespace, w.token))
	w.create(w.connection("default"))
}

func (w *world) connection(name string) *v1alpha1.ClusterConnection {
	c := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.Spec.ConnectionSpec = worlds.ConnectionSpec(w.sim.URL)
	c.Spec.AllowDelete = true
	c.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000}
	return c
}

// start builds the manager and starts it as the Deployment does; it stops with the test.
func (w *world) start() {
	w.Helper()
	program := filepath.Join(w.cp.Dir(), "manager")
	if err := checkout.Build(w.Context(), program, "./cmd/manager"); err != nil {
		w.Fatal(err)
	}
	kubeconfig, err := w.cp.KubeconfigFor(w.Context(), operatorNamespace, serviceAccount)
	if err != nil {
		w.Fatal(err)
	}
	w.address = worlds.FreeAddress(w)
	cmd := exec.Command(program, "--kubeconfig="+kubeconfig, "--operator-namespace="+operatorNamespace,
		"--leader-elect", "--health-probe-bind-address=0", "--metrics-bind-address="+w.address)
	cmd.Stdout, cmd.Stderr = w.log, w.log
	w.cp.Adopt(cmd)
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case err := <-ended:
			if err != nil {
				w.Errorf("the manager ended with: %v", err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			w.Errorf("the manager did not end by itself: %v", <-ended)
		}
	})
	w.Cleanup(w.stop)
}

func (w *world) create(o client.Object) {
	w.Helper()
	worlds.Create(w, w.api, o)
}

// edit changes an object as a person would.
func (w *world) edit(o client.Object, change func()) {
	w.Helper()
	worlds.Edit(w, w.api, o, change)
}

// delete deletes an object and waits until it is gone.
func (w *world) delete(o client.Object) {
	w.Helper()
	worlds.Delete(w, w.api, o)
	w.eventually(worlds.Gone(w, w.api, o))
}

// group declares a Group named "The <name>".
func group(name string, edits ...func(*v1alpha1.Group)) *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: team, Name: name}}
	g.Spec.Name = "The " + name
	for _, edit := range edits {
		edit(g)
	}
	return g
}

// await waits for a Group's Ready reason, and returns its remote id.
func (w *world) await(name, reason string) string {
	w.Helper()
	var g v1alpha1.Group
	w.eventually(func() string {
		if err := w.api.Get(w.Context(), client.ObjectKey{Namespace: team, Name: name}, &g); err != nil {
			return err.Error()
		}
		if problem := worlds.Lacks(g.Status.Conditions, g.Generation, reason); problem != "" {
			return name + ": " + problem
		}
		return ""
	})
	return g.Status.ID
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 200*time.Millisecond, what)
}
