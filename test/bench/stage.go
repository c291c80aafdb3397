// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// bench is what all scenarios share, and what they find.
type bench struct {
	options

	out     io.Writer
	began   time.Time
	root    string
	commit  string // of what is built
	cp      *controlplane.ControlPlane
	api     client.Client
	server  kubernetes.Interface
	program string
	figures []figure
}

// start builds the manager, and starts a control plane.
func start(ctx context.Context, o options, out io.Writer) (_ *bench, err error) {
	b := &bench{options: o, out: out, began: time.Now()}
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the repository: %w", err)
	}
	b.root = filepath.Dir(strings.TrimSpace(string(mod)))
	if o.profile != "" {
		if err := os.MkdirAll(o.profile, 0o750); err != nil {
			return nil, fmt.Errorf("making a folder for profiles: %w", err)
		}
	}
	if b.cp, err = controlplane.Start(ctx, controlplane.Options{CRDPaths: []string{filepath.Join(b.root, "config", "crd", "bases")}}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.cp.Stop())
		}
	}()
	commit, err := exec.CommandContext(ctx, "git", "-C", b.root, "describe", "--always", "--dirty", "--abbrev=8", "--exclude=*").Output()
	if err != nil {
		return nil, fmt.Errorf("finding out what is measured: %w", err)
	}
	b.commit, b.program = strings.TrimSpace(string(commit)), filepath.Join(b.cp.Dir(), "manager")
	if err := build(ctx, b.root, b.program, o.profile != ""); err != nil {
		return nil, err
	}
	config := *b.cp.Config
	config.QPS = -1
	b.api = worlds.Client(&config)
	b.server, err = kubernetes.NewForConfig(&config)
	return b, err
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.out, "%7.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// world is what one scenario lives in: namespaces, a stand-in API, and a manager. It
// declares Groups, waits for them and notes figures; in what order, the scenarios say.
type world struct {
	*bench

	scenario string
	size     int    // how many Groups its figures are of
	members  int    // how many contacts each has
	mass     string // the namespace of the many
	other    string // a neighbour's
	sim      *simulator.Server
	endpoint string
	manager  process
}

// play sets a world up, runs the scenario in it, and clears it away.
func (b *bench) play(ctx context.Context, s scenario, size int) error {
	name := s.name
	if s.grows {
		name = fmt.Sprint(name, "-", size)
	}
	w := &world{bench: b, scenario: s.name, size: size, members: b.contacts, mass: "mass-" + name, other: "other-" + name}
	if s.bare {
		w.members = 0
	}
	b.say("%s, %d Groups", s.name, size)
	settings := simulator.Settings{Latency: b.latency, RateLimit: s.limit}
	var end func()
	var err error
	if w.sim, w.endpoint, end, err = standIn(ctx, settings); err != nil {
		return err
	}
	defer end()
	defer w.manager.stop()
	connection := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: name}}
	connection.Spec.ConnectionSpec = worlds.ConnectionSpec(w.endpoint)
	connection.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 20}
	if s.interval != 0 {
		connection.Spec.ResyncInterval = metav1.Duration{Duration: s.interval}
	}
	if s.defaults {
		connection.Spec.RateLimit = v1alpha1.RateLimit{}
	}
	for _, name := range []string{w.mass, w.other} {
		if err := w.api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return fmt.Errorf("creating a namespace: %w", err)
		}
	}
	if err := errors.Join(w.api.Create(ctx, worlds.Secret(w.other, simulator.DefaultToken)), w.api.Create(ctx, connection)); err != nil {
		return fmt.Errorf("creating the connection: %w", err)
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	return s.run(ctx, w)
}

// standIn starts a stand-in API.
func standIn(ctx context.Context, settings simulator.Settings) (sim *simulator.Server, endpoint string, end func(), _ error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, fmt.Errorf("starting the stand-in API: %w", err)
	}
	sim = simulator.New(simulator.Options{Settings: settings})
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // always ends with ErrServerClosed
	return sim, "http://" + listener.Addr().String() + simulator.Prefix, func() {
		sim.Close()
		_ = server.Close()
	}, nil
}

// note adds a figure without a limit.
func (w *world) note(name string, value float64, unit string) { w.add(name, value, unit, nil) }

// judge adds a figure that the design limits, to at most, or for a part to at least, so much.
func (w *world) judge(name string, value float64, unit string, limit float64) {
	w.add(name, value, unit, &limit)
}

func (w *world) add(name string, value float64, unit string, limit *float64) {
	f := figure{Scenario: w.scenario, Groups: w.size, Figure: name, Value: value, Unit: unit, Limit: limit, Load: load()}
	w.say("  %s: %.3g %s (load average %.1f)", name, value, unit, f.Load)
	w.figures = append(w.figures, f)
}

// writes counts, by verb and subresource, the writes that the API server has taken of a
// resource, those that failed included.
func (w *world) writes(ctx context.Context, resource string) (float64, error) {
	text, err := w.server.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		labels, value, found := strings.Cut(strings.TrimSpace(line), "} ")
		if !found || !strings.HasPrefix(labels, "apiserver_request_total{") || !strings.Contains(labels, fmt.Sprintf("resource=%q", resource)) {
			continue
		}
		if strings.Contains(labels, `verb="PATCH"`) || resource == "events" && strings.Contains(labels, `verb="POST"`) {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("reading the API server's metrics: %w", err)
			}
			sum += n
		}
	}
	return sum, nil
}

// connection is the name of the world's ClusterConnection.
func (w *world) connection() string { return strings.TrimPrefix(w.mass, "mass-") }
