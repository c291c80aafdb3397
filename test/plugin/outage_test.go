// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// between stands before the API server, and answers what instead says, if that is set and
// has an answer. It returns a kubeconfig.
func (w *world) between(instead *atomic.Pointer[func(*http.Request) (status int)]) string {
	w.Helper()
	to, err := url.Parse(cluster.Config.Host)
	if err != nil {
		w.Fatal(err)
	}
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		w.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if answer := instead.Load(); answer != nil {
			if status := (*answer)(r); status != 0 {
				http.Error(rw, "not now", status)
				return
			}
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", Namespace: w.namespace}
	config.CurrentContext = "x"
	path := w.TempDir() + "/between.kubeconfig"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		w.Fatal(err)
	}
	return path
}

// TestAnAPIServerThatIsAwayForAMoment, as one that is upgraded, ends neither a watch nor a wait.
func TestAnAPIServerThatIsAwayForAMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	var instead atomic.Pointer[func(*http.Request) int]
	as := w.between(&instead)
	var out, errs worlds.Journal
	cmd := exec.CommandContext(t.Context(), binary, "status", "--watch", "--kubeconfig", as)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	says := func(o *worlds.Journal, part string) {
		t.Helper()
		worlds.Eventually(t, patience, 50*time.Millisecond, func() string {
			if !strings.Contains(o.String(), part) {
				return fmt.Sprintf("%q is not in %s", part, o.String())
			}
			return ""
		})
	}
	says(&out, "kgrp/plaza")
	asked := make(chan said)
	go func() { asked <- w.run("", "reconcile", "plaza", "--kubeconfig", as) }()
	worlds.Eventually(t, patience, 20*time.Millisecond, func() string {
		if w.groups.get("plaza").Annotations[v1alpha1.AnnotationReconcileRequestedAt] == "" {
			return "nothing is asked for"
		}
		return ""
	})
	away := func(*http.Request) int { return http.StatusServiceUnavailable }
	instead.Store(&away)
	says(&errs, "asking again")
	w.operate()
	w.groups.await("plaza", v1alpha1.ReasonSynced)
	instead.Store(nil)
	says(&out, "Synced")
	w.want(<-asked, 0, "plaza looked at")
	if n := strings.Count(errs.String(), "\n"); n != 1 {
		t.Errorf("it is told %d times that the API server is away: %s", n, errs.String())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestAClusterWithoutTheOperator is said to be one: it may be another than the person thinks.
func TestAClusterWithoutTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var instead atomic.Pointer[func(*http.Request) int]
	as := w.between(&instead)
	missing := func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/apis/klink.cloud") {
			return http.StatusNotFound
		}
		return 0
	}
	instead.Store(&missing)
	for _, args := range [][]string{
		{"status"}, {"status", "--watch"}, {"diff"}, {"why", "plaza"}, {"orphans"}, {"adopt"}, {"import"}, {"suspend", "plaza"}, {"release", "plaza", "--yes"}, {"reconcile", "--all"},
	} {
		s := w.want(w.run("", append(args, "--kubeconfig", as)...), 2, "klink.cloud", "not installed in this cluster")
		if s.out != "" || strings.Count(s.err, "\n") != 1 {
			t.Errorf("%v: %s\n%s", args, s.out, s.err)
		}
	}
}
