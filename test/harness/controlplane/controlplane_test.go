// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// patience is how long a test waits for what should take a second.
const patience = 4 * time.Minute

// start starts a control plane that ends with the test.
func start(t *testing.T, opts Options) *ControlPlane {
	t.Helper()
	cp, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cp
}

func clientFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually fails the test unless the condition becomes true.
func eventually(t *testing.T, what string, condition func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), pollInterval, patience, true, condition); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func TestControlPlaneWithControllerManager(t *testing.T) {
	cp := start(t, Options{ControllerManager: true, CRDPaths: []string{filepath.Join("testdata", "crd.yaml")}})
	client := clientFor(t, cp.Config)

	t.Run("version is stamped", func(t *testing.T) { checkVersion(t, client) })
	t.Run("CRDs are served", func(t *testing.T) {
		if out, err := cp.Kubectl(t.Context(), "get", "widgets.example.test", "-A"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("namespaces go away", func(t *testing.T) { checkNamespaceDeletion(t, client) })
	t.Run("RBAC is on", func(t *testing.T) { checkRBAC(t, cp) })
	t.Run("service account tokens", func(t *testing.T) { checkServiceAccount(t, cp) })
	t.Run("restarts keep the data", func(t *testing.T) { checkRestarts(t, cp, client) })
	t.Run("stop leaves nothing", func(t *testing.T) { checkStop(t, cp) })
}

func checkVersion(t *testing.T, client *kubernetes.Clientset) {
	info, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if want := "v" + info.Major + "." + info.Minor + "."; info.Major != "1" || !strings.HasPrefix(info.GitVersion, want) {
		t.Errorf("the API server does not know its version: %+v", info)
	}
}

func checkNamespaceDeletion(t *testing.T, client *kubernetes.Clientset) {
	namespaces := client.CoreV1().Namespaces()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "short-lived"}}
	if _, err := namespaces.Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the default ServiceAccount", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(namespace.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, ignoreNotFound(err)
	})
	if err := namespaces.Delete(t.Context(), namespace.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the namespace", func(ctx context.Context) (bool, error) {
		_, err := namespaces.Get(ctx, namespace.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), ignoreNotFound(err)
	})
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func checkRBAC(t *testing.T, cp *ControlPlane) {
	nobody := clientFor(t, cp.ConfigAs("nobody", "nothing"))
	_, err := nobody.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("somebody without a role lists Secrets: error %v, want Forbidden", err)
	}
	master := clientFor(t, cp.ConfigAs("somebody", "system:masters"))
	if _, err := master.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("a member of system:masters may not list Secrets: %v", err)
	}
}

func checkServiceAccount(t *testing.T, cp *ControlPlane) {
	if out, err := cp.Kubectl(t.Context(), "create", "serviceaccount", "robot"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	token, err := cp.Kubectl(t.Context(), "create", "token", "robot")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(token, ".") != 2 {
		t.Error("kubectl create token printed no token")
	}
	kubeconfig, err := cp.KubeconfigFor(t.Context(), "default", "robot")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cp.Kubectl(t.Context(), "--kubeconfig="+kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if err != nil {
		t.Fatal(err)
	}
	if want := "system:serviceaccount:default:robot"; out != want {
		t.Errorf("the kubeconfig's user is %q, want %q", out, want)
	}
	if _, err := cp.KubeconfigFor(t.Context(), "default", "missing"); !apierrors.IsNotFound(err) {
		t.Errorf("a token for a missing ServiceAccount: error %v, want NotFound", err)
	}
}

func checkRestarts(t *testing.T, cp *ControlPlane, client *kubernetes.Clientset) {
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}
	if _, err := client.CoreV1().ConfigMaps("default").Create(t.Context(), configMap, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Process{cp.Etcd, cp.APIServer} {
		before := p.PID()
		if err := p.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := p.PID(); after == before || after == 0 {
			t.Errorf("%s: pid %d before the restart, %d after it", p.name, before, after)
		}
	}
	eventually(t, "the object from before the restarts", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ConfigMaps("default").Get(ctx, configMap.Name, metav1.GetOptions{})
		return err == nil, ignoreNotFound(err)
	})
}

func checkStop(t *testing.T, cp *ControlPlane) {
	pids := []int{cp.group.guard.Process.Pid}
	for _, p := range cp.processes() {
		pids = append(pids, p.PID())
	}
	if err := cp.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if pid == 0 || alive(pid) {
			t.Errorf("process %d is alive after Stop, or was not before", pid)
		}
	}
	if _, err := os.Stat(cp.dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there after Stop: %v", cp.dir, err)
	}
	if err := cp.Stop(); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

// A port that the system may give to somebody else is taken, now and then, before the program
// that it was found for listens on it.
func TestFreePortsAreNoneThatTheSystemGivesAway(t *testing.T) {
	ports, err := FreePorts(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 20 || ports[0] < firstPort || ports[19] > lastPort {
		t.Errorf("the ports are %v", ports)
	}
}

func TestPausedAPIServerDoesNotAnswer(t *testing.T) {
	cp := start(t, Options{})
	config := rest.CopyConfig(cp.Config)
	config.Timeout = time.Second
	client := discovery.NewDiscoveryClientForConfigOrDie(config)

	cp.APIServer.Pause()
	// The signal has been sent, but each thread stops when it next comes to run.
	eventually(t, "a call without an answer", func(context.Context) (bool, error) {
		_, err := client.ServerVersion()
		return err != nil, nil
	})
	if _, err := client.ServerVersion(); err == nil {
		t.Error("a paused API server answered again")
	}
	cp.APIServer.Resume()
	eventually(t, "an answer", func(context.Context) (bool, error) {
		_, err := client.ServerVersion()
		return err == nil, nil
	})
}

func TestStartFailureLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for name, opts := range map[string]Options{
		"API server refuses a flag": {APIServerArgs: []string{"--no-such-flag"}},
		"CRDs are missing":          {CRDPaths: []string{"testdata/missing.yaml"}},
	} {
		cp, err := Start(t.Context(), opts)
		if err == nil {
			_ = cp.Stop()
			t.Errorf("%s: no error", name)
		}
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
