// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

// token is the secret that no command may print.
const token = "tok-7d1f0a-do-not-print"

// patience is how long a test waits for what has to happen.
const patience = 4 * time.Minute

// world is a namespace with a Connection named sim to a simulator, and no manager yet. It runs
// the plugin, and gives people their rights; what they do without the plugin, groups does.
type world struct {
	*testing.T

	namespace string
	groups    groups
	sim       *simulator.Instance
	// url is the endpoint of the connection sim.
	url string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldBehind(t, nil)
}

// newWorldBehind is a world whose API shows its groups in listings as edit leaves them.
func newWorldBehind(t *testing.T, edit func(group map[string]any)) *world {
	t.Helper()
	w := &world{T: t, sim: simulator.Start(t, simulator.Options{Token: token})}
	w.url = w.sim.URL
	if edit != nil {
		w.url = front(t, w.sim.URL, edit)
	}
	w.namespace = worlds.CreateNamespace(t, api, "plugin-")
	w.groups = groups{t, w.namespace}
	worlds.Create(t, api, worlds.Secret(w.namespace, token))
	connection := worlds.Connection(w.namespace, "sim", w.url)
	connection.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000}
	worlds.Create(t, api, connection)
	seen(t, connection, v1alpha1.ReasonConnected)
	logs.Explain(t, w.namespace)
	return w
}

// seen leaves in the status of a connection what an operator says of it as it is.
func seen(t *testing.T, connection v1alpha1.ConnectionObject, reason string) {
	t.Helper()
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, ObservedGeneration: connection.GetGeneration()}
	if reason == v1alpha1.ReasonConnected {
		ready.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&connection.GetConnectionStatus().Conditions, ready)
	if err := api.Status().Update(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
}

// operate starts the manager; it stops with the test.
func (w *world) operate() (stop func()) {
	w.Helper()
	return inprocess.Start(w, cluster.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.url, Workers: 4,
	})
}

// said is what a command has left behind.
type said struct {
	out, err string
	code     int
}

// klink runs the plugin as a person in the namespace would.
func (w *world) klink(args ...string) said {
	w.Helper()
	return w.run("", append(args, "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig())...)
}

// run runs the plugin with exactly these arguments. The token must not be in what it says.
func (w *world) run(stdin string, args ...string) said {
	w.Helper()
	return w.runIn(nil, stdin, args...)
}

func (w *world) runIn(env []string, stdin string, args ...string) said {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), binary, args...)
	cmd.Env = append(append(os.Environ(), "KUBECONFIG=/nonexistent", "KLINK_TOKEN="), env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.Fatal(err)
	}
	s := said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
	if strings.Contains(s.out+s.err, token) {
		w.Errorf("kubectl klink %v prints the token", args)
	}
	return s
}

// want wants an exit code and, in stdout and stderr together, these parts.
func (w *world) want(s said, code int, parts ...string) said {
	w.Helper()
	if s.code != code {
		w.Fatalf("exit code %d, want %d\n%s\n%s", s.code, code, s.out, s.err)
	}
	for _, part := range parts {
		if !strings.Contains(s.out+s.err, part) {
			w.Errorf("%q is not in:\n%s\n%s", part, s.out, s.err)
		}
	}
	return s
}

// kubectl is what happens beside the plugin, also while a test ends.
func (w *world) kubectl(stdin string, args ...string) {
	w.Helper()
	cmd := cluster.KubectlCommand(w.Context(), args...)
	if w.Context().Err() != nil {
		cmd = exec.Command(cmd.Path, cmd.Args[1:]...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig())
	}
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
}

// apply applies manifests as a person would.
func (w *world) apply(args ...string) {
	w.Helper()
	if out, err := cluster.Kubectl(w.Context(), append([]string{"apply", "-n", w.namespace}, args...)...); err != nil {
		w.Fatal(out, err)
	}
}

// wantNoWrites wants the account to have been read, and never written to.
func (w *world) wantNoWrites() {
	w.Helper()
	worlds.WantNoWrite(w, w.sim.Server)
	if len(w.sim.Requests()) == 0 {
		w.Error("the account was not even read")
	}
}

// kubeconfigOf is a kubeconfig of a person who has only what RBAC gives.
func (w *world) kubeconfigOf(user string) string {
	w.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: cluster.Config.Host, CertificateAuthorityData: cluster.Config.CAData}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: cluster.Config.BearerToken, Impersonate: user}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u", Namespace: w.namespace}
	config.CurrentContext = "x"
	path := fmt.Sprintf("%s/%s.kubeconfig", w.TempDir(), user)
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		w.Fatal(err)
	}
	return path
}
