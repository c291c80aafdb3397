// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// begun is the plugin while it runs.
type begun struct {
	*exec.Cmd

	in   io.Writer
	out  *bufio.Reader
	errs worlds.Journal
}

// begin starts the plugin with a stdin that never ends.
func (w *world) begin(args ...string) *begun {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience) // what a test waits for may never come
	w.Cleanup(cancel)
	b := &begun{Cmd: exec.CommandContext(ctx, binary, append(args, "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig())...)}
	in, err := b.StdinPipe()
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = in.Close() })
	out, err := b.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	b.in, b.out, b.Stderr = in, bufio.NewReader(out), &b.errs
	if err := b.Start(); err != nil {
		w.Fatal(err)
	}
	return b
}

// TestInterruptEndsEveryWait: Ctrl-C ends what waits for the API, for the operator, for an
// answer and for a file, and leaves nothing half done.
func TestInterruptEndsEveryWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	w.sim.Seed(simulator.Group{Name: "Ritz"})
	hangs := w.sim.AddFault(simulator.Fault{Action: simulator.Hang})
	folder := filepath.Join(t.TempDir(), "manifests")
	for name, c := range map[string]struct {
		args  []string
		waits func(*begun) bool
	}{
		"a listing": {[]string{"import", "--connection", "kconn/sim", "--dir", folder}, func(*begun) bool { return hangs.Hits() > 0 }},
		"the operator": {[]string{"reconcile", "plaza"}, func(*begun) bool {
			return w.groups.get("plaza").Annotations[v1alpha1.AnnotationReconcileRequestedAt] != ""
		}},
		"an answer": {[]string{"release", "plaza"}, func(b *begun) bool { return strings.Contains(b.errs.String(), "Type yes") }},
		"stdin": {[]string{"diff", "-f", "-"}, func(b *begun) bool { // more than a pipe takes that nobody reads
			_, err := io.WriteString(b.in, strings.Repeat("#\n", 256<<10))
			return err == nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.begin(c.args...)
			worlds.Eventually(t, patience, 20*time.Millisecond, func() string {
				if !c.waits(b) {
					return "it does not wait for " + name
				}
				return ""
			})
			if err := b.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if _ = b.Wait(); b.ProcessState.ExitCode() != 130 {
				t.Errorf("exit code %d\n%s", b.ProcessState.ExitCode(), &b.errs)
			}
		})
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("an interrupted import left a folder")
	}
	w.groups.get("plaza")
}

// TestStatusWatch prints what changes, and ends with Ctrl-C.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	b := w.begin("status", "--watch")
	var lines []string
	next := func(part string) {
		for {
			line, err := b.out.ReadString('\n')
			if err != nil {
				t.Fatalf("%q has not come: %v\n%v\n%s", part, err, lines, &b.errs)
			}
			if lines = append(lines, line); strings.Contains(line, part) {
				return
			}
		}
	}
	next("NotObserved")
	w.operate()
	next("Synced")
	worlds.Delete(t, api, w.groups.get("plaza"))
	next("Deleted")
	if err := b.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _ = b.Wait(); b.ProcessState.ExitCode() != 130 {
		t.Errorf("exit code %d\n%s", b.ProcessState.ExitCode(), &b.errs)
	}
	if n := strings.Count(strings.Join(lines, ""), "OBJECT"); n != 1 {
		t.Errorf("the headers stand there %d times", n)
	}
}

// TestTerminal: colours and progress are for a terminal alone, and for one that wants them.
func TestTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Plaza"})
	w.groups.create("fresh")
	line := binary + " diff fresh -n " + w.namespace
	shown := terminal(w, line)
	if !strings.Contains(shown, "\x1b[36mkgrp/fresh: create\x1b[0m\n") || !strings.Contains(shown, "listing the account, page 1\r\x1b[K") {
		t.Errorf("at a terminal: %q", shown)
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if shown := terminal(w, line, env); strings.Contains(shown, "\x1b[3") {
			t.Errorf("with %s: %q", env, shown)
		}
	}
	if s := w.want(w.klink("diff", "fresh"), 1, "kgrp/fresh: create\n"); strings.Contains(s.out+s.err, "\x1b") || s.err != "" {
		t.Errorf("without a terminal: %q %q", s.out, s.err)
	}
}

// TestWrongToken: neither it nor what the API quotes of it is printed.
func TestWrongToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const wrong = "tok-wrong-4711-do-not-print"
	w.sim.AddFault(simulator.Fault{Action: simulator.Status, Status: http.StatusUnauthorized, Body: `{"message":"no such token: ` + wrong + `"}`})
	s := w.want(w.runIn([]string{"KLINK_TOKEN=" + wrong}, "", "import", "--endpoint", w.sim.URL), 2, "error: GET /groups: 401")
	if strings.Contains(s.out+s.err, wrong) || s.out != "" {
		t.Errorf("%q %q", s.out, s.err)
	}
}
