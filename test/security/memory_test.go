// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// longPatience is for what a manager does under a burden that the machine bears too.
const longPatience = 10 * time.Minute

// mostMemory is half of the memory limit that the manager is shipped with.
const mostMemory = 256 << 10 // in kB, as /proc has it

// The manager runs as a process of its own, with the memory limit that it is shipped with
// and 100 Groups of an honest account, and others do their worst beside these: what it held
// at its peak counts. One after the other: two managers, of these two tests, burden the machine
// enough.
func TestNoReplyOrGroupTakesTheManagersMemory(t *testing.T) {
	t.Parallel()
	boundMemory(t, []burden{
		{"nothing", func(*victim) {}},
		{"a page of 1.1 million tiny groups", func(v *victim) {
			v.answers(10, always(filled(`{"has_more":false,"data":[`, `{"id":"a"},`, `{"id":"b"}]}`)))
		}},
		{"lists of 1,1,1,…", func(v *victim) { v.answers(5, always(filled(`[`, `1,`, `1]`))) }},
		{"refusals of 1,1,1,… without end", func(v *victim) { v.isRefused(12) }},
		{"10 of the largest Groups", func(v *victim) { v.keepsLarge(10) }},
		{"a start beside 120 Groups of 1.3 MB", func(v *victim) { v.writesLarge(120) }},
		{"one beside 90, where lists are no streams, and then adoptions", func(v *victim) { v.listsInOne(); v.writesLarge(90); v.adopts(12) }},
		{"80 of the largest Connections", func(v *victim) { v.hasLargeConnections(80) }},
		{"three tokens of 1 MB", func(v *victim) { v.hasLongTokens(3) }},
	})
}

func TestNoAccountTakesTheManagersMemory(t *testing.T) {
	t.Parallel()
	boundMemory(t, []burden{
		{"a million groups, 10,000 a page", func(v *victim) { v.answers(60, http.HandlerFunc(endless)) }},
		{"2,500 groups of 5,000 members", func(v *victim) { v.answers(30, large{groups: 2500, members: 5000, named: "m-%05d-%04d"}) }},
		{"creates answered with 15 MiB of text", func(v *victim) { v.isAnswered(16, `"description":"`+strings.Repeat("x", 15<<20)+`"`) }},
		{"creates answered with 4 MB of members", func(v *victim) { v.isAnswered(60, members(15_000, 255)) }},
		{"members with names of 1 MB", func(v *victim) { v.answers(25, http.HandlerFunc(wordy)) }},
	})
}

// burden is what others do to a manager.
type burden struct {
	name string
	put  func(*victim)
}

func boundMemory(t *testing.T, burdens []burden) {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Fatalf("the peak is read from /proc, so that this runs on Linux alone: %v", err)
	}
	program := filepath.Join(t.TempDir(), "manager")
	if err := checkout.Build(t.Context(), program, "./cmd/manager"); err != nil {
		t.Fatal(err)
	}
	limit := shippedLimit(t)
	for _, b := range burdens {
		t.Run(b.name, func(t *testing.T) {
			v := newVictim(t, program, limit)
			begun := time.Now()
			b.put(v)
			t.Logf("it took %s", time.Since(begun).Round(time.Second))
			peak := v.peak()
			t.Logf("%d MiB at the peak", peak>>10)
			if peak > mostMemory {
				t.Errorf("the manager took %d MiB, of %d", peak>>10, mostMemory>>10)
			}
		})
	}
}

// shippedLimit is GOMEMLIMIT as config/manager has it.
func shippedLimit(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`name: GOMEMLIMIT\n\s+value: (\S+)`).FindStringSubmatch(checkout.Read(t, "config/manager/manager.yaml"))
	if found == nil {
		t.Fatal("the Deployment sets no GOMEMLIMIT")
	}
	return "GOMEMLIMIT=" + found[1]
}

// victim is a namespace with 100 Groups of an honest account, and a manager for it.
type victim struct {
	*testing.T

	namespace string
	manager   *exec.Cmd
	start     func()
	metrics   string // its address
	api       string // the kubeconfig
	honest    *simulator.Instance
	// hostile is where the other API end is, which answers as end does.
	hostile string
	end     atomic.Pointer[http.Handler]
	asked   atomic.Int64
}

func newVictim(t *testing.T, program, limit string) *victim {
	t.Helper()
	v := &victim{T: t, namespace: worlds.CreateNamespace(t, api, "memory-"), metrics: worlds.FreeAddress(t), api: cluster.Kubeconfig()}
	honest := simulator.Start(t, simulator.Options{Token: token})
	v.honest = honest
	v.hostile = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.asked.Add(1)
		(*v.end.Load()).ServeHTTP(w, r)
	})) + simulator.Prefix
	worlds.Create(t, api, worlds.Secret(v.namespace, token))
	worlds.Create(t, api, worlds.Connection(v.namespace, "honest", honest.URL))
	v.start = func() {
		v.manager = exec.Command(program, "--kubeconfig="+v.api, "--operator-namespace="+v.namespace, "--watch-namespaces="+v.namespace,
			"--allowed-endpoints="+honest.URL+","+v.hostile, "--metrics-bind-address="+v.metrics, "--metrics-secure=false", "--health-probe-bind-address=0")
		v.manager.Env = append(os.Environ(), limit)
		cluster.Adopt(v.manager)
		if err := v.manager.Start(); err != nil {
			t.Fatal(err)
		}
	}
	v.start()
	t.Cleanup(v.stop)
	for i := range 100 {
		worlds.Create(t, api, worlds.Group(v.namespace, fmt.Sprint("honest-", i), "honest", func(g *v1alpha1.Group) {
			for n := range 20 {
				g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: fmt.Sprintf("guest-%d", (i*7+n)%500)})
			}
		}))
	}
	v.eventually(func() string {
		if made := len(honest.Groups()); made < 100 {
			return fmt.Sprintf("%d groups of 100 are made", made)
		}
		return ""
	})
	return v
}

func (v *victim) stop() {
	_ = v.manager.Process.Kill()
	_ = v.manager.Wait()
}

// serves waits until the manager has done what an honest Group asks for.
func (v *victim) serves() {
	v.Helper()
	g := worlds.Group(v.namespace, "honest-0", "honest")
	worlds.Edit(v, api, g, func() { g.Spec.Description = new("served") })
	v.eventually(func() string {
		worlds.Find(v, api, g)
		return worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonSynced)
	})
}

func (v *victim) eventually(what func() string) {
	v.Helper()
	worlds.Eventually(v, longPatience, 100*time.Millisecond, func() string {
		if v.manager.Process.Signal(syscall.Signal(0)) != nil {
			v.Fatal("the manager has ended")
		}
		return what()
	})
}

// answers adds a connection to an API end of that kind, with a Group, and waits until it
// was asked so often.
func (v *victim) answers(enough int64, end http.Handler) {
	v.Helper()
	v.end.Store(&end)
	worlds.Create(v, api, worlds.Connection(v.namespace, "hostile", v.hostile))
	worlds.Create(v, api, worlds.Group(v.namespace, "guest", "hostile"))
	v.eventually(func() string {
		if n := v.asked.Load(); n < enough {
			return fmt.Sprintf("it was asked %d times of %d", n, enough)
		}
		return ""
	})
}

// peak is what the manager had resident at most, in kB.
func (v *victim) peak() int {
	v.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.manager.Process.Pid))
	if err != nil {
		v.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			peak, err := strconv.Atoi(fields[1])
			if err != nil {
				v.Fatal(err)
			}
			return peak
		}
	}
	v.Fatal("the manager's status has no peak")
	return 0
}
