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
	"github.com/klink-cloud/klink-operator/test/controlplane"
	"github.com/klink-cloud/klink-operator/test/worlds"
)

// bench is what all scenarios share, and what they find.
type bench struct {
	options

	out     io.Writer
	began   time.Time
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
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if b.cp, err = controlplane.Start(ctx, controlplane.Options{CRDPaths: []string{filepath.Join(root, "config", "crd", "bases")}}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.cp.Stop())
		}
	}()
	b.program = filepath.Join(b.cp.Dir(), "manager")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./cmd/manager")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
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

// world is what one scenario lives in: namespaces, a stand-in API, and a manager.
type world struct {
	*bench

	scenario string
	mass     string // the namespace of the many
	other    string // a neighbour's
	sim      *simulator.Server
	http     *http.Server
	manager  *exec.Cmd
}

// play sets a world up, runs the scenario in it, and clears it away.
func (b *bench) play(ctx context.Context, s scenario) error {
	w := &world{bench: b, scenario: s.name, mass: "mass-" + s.name, other: "other-" + s.name}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the stand-in API: %w", err)
	}
	settings := simulator.Settings{Latency: b.latency, RateLimit: s.limit}
	w.sim = simulator.New(simulator.Options{Settings: settings})
	w.http = &http.Server{Handler: w.sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = w.http.Serve(listener) }() // always ends with ErrServerClosed
	defer func() {
		w.stop()
		w.sim.Close()
		_ = w.http.Close()
	}()
	connection := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: s.name}}
	connection.Spec.ConnectionSpec = worlds.ConnectionSpec("http://" + listener.Addr().String() + simulator.Prefix)
	connection.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 20}
	if s.defaults {
		connection.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 50, Burst: 20}
	}
	for _, name := range []string{w.mass, w.other} {
		if err := w.api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return fmt.Errorf("creating a namespace: %w", err)
		}
	}
	if err := errors.Join(w.api.Create(ctx, worlds.Secret(w.other, simulator.DefaultToken)), w.api.Create(ctx, connection)); err != nil {
		return fmt.Errorf("creating the connection: %w", err)
	}
	if err := w.start(); err != nil {
		return err
	}
	return s.run(ctx, w)
}

// start starts the manager, a process of its own.
func (w *world) start() error {
	kubeconfig := w.cp.Kubeconfig()
	w.manager = exec.Command(w.program, "--kubeconfig="+kubeconfig, "--operator-namespace="+w.other, //nolint:noctx // stopped below
		"--watch-namespaces="+w.mass+","+w.other, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	w.cp.Adopt(w.manager)
	if err := w.manager.Start(); err != nil {
		return fmt.Errorf("starting the manager: %w", err)
	}
	return nil
}

func (w *world) stop() {
	if w.manager != nil {
		_ = w.manager.Process.Kill()
		_ = w.manager.Wait()
		w.manager = nil
	}
}

// note adds a figure.
func (w *world) note(name string, value float64, unit, goal string) {
	w.say("  %s: %.3g %s", name, value, unit)
	w.figures = append(w.figures, figure{Scenario: w.scenario, Figure: name, Value: value, Unit: unit, Goal: goal})
}

// patches counts the writes to Groups that the API server has taken.
func (w *world) patches(ctx context.Context) (float64, error) {
	text, err := w.server.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "apiserver_request_total{") && strings.Contains(line, `resource="groups"`) && strings.Contains(line, `verb="PATCH"`) {
			n, err := strconv.ParseFloat(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:len(strings.TrimSpace(line))], 64)
			if err != nil {
				return 0, fmt.Errorf("reading the API server's metrics: %w", err)
			}
			sum += n
		}
	}
	return sum, nil
}

// memory reads a figure of the manager's from /proc, in MB.
func (w *world) memory(name string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.manager.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the manager's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name+":" {
			kb, err := strconv.ParseFloat(fields[1], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("the manager's status has no %s", name)
}

// processor is what the manager has used of it so far, in seconds.
func (w *world) processor() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.manager.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the manager's processor time: %w", err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, fmt.Errorf("reading the manager's processor time: %w", err)
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100, err
}
