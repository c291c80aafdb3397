// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

const (
	operatorNamespace = "klink-operator-system"
	serviceAccount    = "klink-operator-controller-manager"
	// groupNamespace is where people keep their Groups.
	groupNamespace = "default"
)

// stage is everything that runs during the chaos, and what is counted. It starts and ends
// things, and knows nothing of what people have declared.
type stage struct {
	options

	out    io.Writer
	began  time.Time
	token  string // of the account
	failed context.CancelCauseFunc

	cp         *controlplane.ControlPlane
	api        client.Client // as the administrator, without a cache
	kubeconfig string        // of the manager's ServiceAccount
	managers   []*manager    // all that were ever started

	sim       *simulator.Server
	http      *http.Server
	endpoint  string
	committed chan struct{} // gets something when a create was carried out

	killed        atomic.Int64 // working managers that were killed
	leading       *manager     // the last that was seen to lead
	leaderChanges int
	terms, pauses int
	apiRestarts   atomic.Int64
	etcdRestarts  atomic.Int64
}

// setStage builds the manager, and starts the control plane and the stand-in API.
// It leaves nothing behind when it fails.
func setStage(ctx context.Context, failed context.CancelCauseFunc, o options, out io.Writer) (_ *stage, err error) {
	s := &stage{
		options: o, out: out, began: time.Now(), token: rand.Text(), failed: failed,
		committed: make(chan struct{}, 1),
	}
	s.say("seed %d: %d kills while %d Groups live", o.seed, o.kills, o.groups)
	if s.cp, err = controlplane.Start(ctx, controlplane.Options{}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	if err := s.startSimulator(ctx); err != nil {
		return nil, err
	}
	if err := s.install(ctx); err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// install builds the manager, and installs everything of config/default but the
// Deployment: the manager runs as the ServiceAccount that it would have there.
func (s *stage) install(ctx context.Context) error {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	build := exec.CommandContext(ctx, "go", "build", "-o", s.cp.Dir()+"/", "./cmd/manager")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", filepath.Join(root, "test", "demo", "install")},
		{"wait", "--for=condition=Established", "--timeout=60s", "crd/groups.klink.cloud", "crd/clusterconnections.klink.cloud"},
	} {
		if _, err := s.cp.Kubectl(ctx, args...); err != nil {
			return err
		}
	}
	s.kubeconfig, err = s.cp.KubeconfigFor(ctx, operatorNamespace, serviceAccount)
	return err
}

// connect makes the client, the Secret and the connection.
func (s *stage) connect(ctx context.Context) error {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	config := *s.cp.Config
	config.Timeout = 10 * time.Second // the API server is paused at times
	var err error
	if s.api, err = client.New(&config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "klink-token"},
		StringData: map[string]string{"token": s.token},
	}
	connection := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	connection.Spec.ConnectionSpec = v1alpha1.ConnectionSpec{
		Endpoint: s.endpoint, TokenSecretRef: v1alpha1.SecretKeyReference{Name: secret.Name},
		ResyncInterval: metav1.Duration{Duration: 10 * time.Second},
		RateLimit:      v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 200},
		AllowDelete:    true,
	}
	return errors.Join(s.api.Create(ctx, secret), s.api.Create(ctx, connection))
}

func (s *stage) startSimulator(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the stand-in API: %w", err)
	}
	s.sim = simulator.New(simulator.Options{
		Token: s.token, Seed: s.seed, OnRequest: s.notice,
		Settings: simulator.Settings{Latency: 5 * time.Millisecond},
	})
	s.http = &http.Server{Handler: s.sim, ReadHeaderTimeout: 10 * time.Second}
	s.endpoint = "http://" + listener.Addr().String() + simulator.Prefix
	go func() { _ = s.http.Serve(listener) }() // always ends with ErrServerClosed
	return nil
}

// notice tells those who wait for it that a create was carried out.
func (s *stage) notice(r simulator.Request) {
	if r.Method != http.MethodPost || !r.Committed {
		return
	}
	select {
	case s.committed <- struct{}{}:
	default:
	}
}

// clear ends everything, those that use others first.
func (s *stage) clear() error {
	for _, m := range s.managers {
		m.kill()
	}
	if s.sim != nil {
		s.sim.Close()
		_ = s.http.Close() // it has no more clients
	}
	return s.cp.Stop()
}

// say prints a line, with the time since the start.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%7.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}
