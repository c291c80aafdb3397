// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// TestManager runs one manager, through what its metrics and its log have to tell.
func TestManager(t *testing.T) {
	w := newWorld(t)
	w.awaitServing()
	h := w.keepHistory()
	for _, step := range []struct {
		name string
		test func(*world)
	}{
		{"only those who may get them are told the metrics", onlyReaders},
		{"each write leaves one line", eachWriteLeavesOneLine},
		{"each metric moves", eachMetricMoves},
		{"dashboard and alerts use what is there", namesExist},
		{"the page is true", pageIsTrue},
		{"the labels have bounds", labelsHaveBounds},
		{"a thousand Groups add no series", groupsAddNoSeries},
		{"a connection takes its series along", connectionsGo},
		{"an outage shows", outageShows},
		{"every panel shows something", func(w *world) { dashboardIsDrawn(w, h) }},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			inner := *w
			inner.T = t
			step.test(&inner)
		})
		if !ok {
			t.FailNow() // each step goes on from the one before
		}
	}
	w.stop()
	if strings.Contains(w.log.String(), w.token) {
		t.Error("the token stands in the log")
	}
	w.checkFormat()
}

func onlyReaders(w *world) {
	for as, want := range map[string]int{"": http.StatusUnauthorized, "stranger": http.StatusForbidden, "prometheus": http.StatusOK} {
		if status, _, err := w.get(as); err != nil || status != want {
			w.Errorf("%q: status %d, %v, want %d", as, status, err, want)
		}
	}
}

// eachMetricMoves brings about what each of the metrics counts.
func eachMetricMoves(w *world) {
	some := func(v float64) bool { return v >= 1 }
	one := func(v float64) bool { return v == 1 }
	const connection = "ClusterConnection/default"
	w.awaitValue(some, "klink_connection_ready", connection)

	w.create(group("plaza", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") }))
	id := w.await("plaza", v1alpha1.ReasonSynced)
	w.awaitValue(some, "klink_groups", connection, "true")
	w.awaitValue(some, "klink_api_requests_total", connection, "POST", "200")
	w.awaitValue(some, "klink_remote_groups", connection)
	w.awaitValue(func(age float64) bool { return age > 0 && age < 60 }, "klink_listing_age_seconds", connection)

	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Theirs.") })
	w.awaitValue(some, "klink_drift_total", connection, "description")
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Theirs again.") })
	w.awaitValue(func(v float64) bool { return v >= 2 }, "klink_drift_total", connection, "description")

	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.ResetAfter, Times: 1})
	w.create(group("lost"))
	w.await("lost", v1alpha1.ReasonSynced)
	w.awaitValue(one, "klink_create_recoveries_total", "bound")
	w.awaitValue(some, "klink_api_requests_total", connection, "POST", "none")

	w.create(group("uncertain", func(g *v1alpha1.Group) { g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: "{"} }))
	w.create(group("absent", func(g *v1alpha1.Group) { g.Spec.GroupID = "nosuchgroup" }))
	w.create(group("nowhere", func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: "Connection", Name: "none"}
	}))
	w.await("uncertain", v1alpha1.ReasonCreateUncertain)
	w.await("absent", v1alpha1.ReasonRemoteMissing)
	w.await("nowhere", v1alpha1.ReasonConnectionNotFound)
	w.awaitValue(one, "klink_create_recoveries_total", "uncertain")
	w.awaitValue(one, "klink_groups", connection, "uncertain")
	w.awaitValue(one, "klink_groups", connection, "stalled")
	w.awaitValue(one, "klink_groups", "none", "false")
	w.edit(group("uncertain"), func() {}) // another look is not another uncertain create
	w.awaitValue(one, "klink_create_recoveries_total", "uncertain")

	w.sim.AddFault(simulator.Fault{
		Action: simulator.Status, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "2"}, Times: 1,
	})
	w.awaitValue(func(v float64) bool { return v > 1 && v <= 2 }, "klink_api_throttled_seconds_total", connection)
	s := w.scrape()
	for _, name := range own {
		if !s.has(name) && !s.has(name+"_bucket") {
			w.Errorf("%s is not scraped", name)
		}
	}
}

// namesExist looks for each series that the dashboard and the alerts ask for.
func namesExist(w *world) {
	s := w.scrape()
	exprs := queries(w.T)
	for _, expr := range variableQueries(w.T) {
		exprs = append(exprs, expr)
	}
	for _, rule := range alertRules(w.T) {
		exprs = append(exprs, expression(w.T, rule.Expr))
	}
	for _, expr := range exprs {
		for _, selector := range selectors(expr) {
			if !s.has(selector.Name) {
				w.Errorf("%s is not scraped, and asked for in %s", selector.Name, expr)
			}
			for _, matcher := range selector.LabelMatchers {
				label := " " + matcher.Name + "="
				if matcher.Name != "__name__" && matcher.Name != "job" && !strings.Contains(strings.Join(labelsIn(s, selector.Name), ""), label) {
					w.Errorf("%s has no label %s, which %s asks for", selector.Name, matcher.Name, expr)
				}
			}
		}
	}
}

// labelsIn are the labels of a name's series.
func labelsIn(s scrape, name string) (all []string) {
	for _, suffix := range []string{"", "_bucket"} {
		for _, m := range s.families[strings.TrimSuffix(name, suffix)].GetMetric() {
			all = append(all, labelsOf(m))
		}
	}
	return all
}

// allowed are the values of each label of the operator's metrics.
var allowed = map[string]*regexp.Regexp{
	"connection": regexp.MustCompile(`^(none|ClusterConnection/default)$`),
	"method":     regexp.MustCompile(`^(GET|POST|PUT|DELETE)$`),
	"code":       regexp.MustCompile(`^([1-5]\d\d|none|other)$`),
	"ready":      regexp.MustCompile(`^(true|false|unknown|stalled|uncertain)$`),
	"field":      regexp.MustCompile(`^(name|description|avatarURL|contacts|archived)$`),
	"reason":     regexp.MustCompile(`^(none|other|Synced|Observed|Drifted|Suspended|Creating|Updating|ConnectionNotFound|ConnectionNotReady|ConnectionNotAllowed|Rejected|NotApplied|IDConflict|AdoptionAmbiguous|NameTaken|AdoptionNotAllowed|DeleteNotAllowed|CreateUncertain|RemoteMissing|Unavailable|RateLimited|DryRun|Deleting)$`),
	"outcome":    regexp.MustCompile(`^(bound|none|uncertain)$`),
}

func labelsHaveBounds(w *world) {
	s := w.scrape()
	if strings.Contains(s.text, w.token) {
		w.Error("the token stands in the metrics")
	}
	for name, family := range s.families {
		if !strings.HasPrefix(name, "klink_") {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if values := allowed[label.GetName()]; values == nil || !values.MatchString(label.GetValue()) {
					w.Errorf("%s: label %s has the value %q", name, label.GetName(), label.GetValue())
				}
			}
		}
	}
}

// groupsAddNoSeries creates a thousand Groups, of which some fail.
func groupsAddNoSeries(w *world) {
	const n = 1000
	fault := w.sim.AddFault(simulator.Fault{Method: http.MethodPost, BodyRegexp: "The many-[0-9]*7\"", Action: simulator.Status, Status: http.StatusUnprocessableEntity})
	w.create(group("refused", func(g *v1alpha1.Group) { g.Spec.Name = "The many-7" }))
	w.await("refused", v1alpha1.ReasonRejected)
	before := w.scrape()
	var creators sync.WaitGroup
	failed := make(chan error, n)
	for worker := range 8 {
		creators.Go(func() {
			for i := worker; i < n; i += 8 {
				if err := w.api.Create(w.Context(), group(fmt.Sprintf("many-%d", i))); err != nil {
					failed <- err
				}
			}
		})
	}
	creators.Wait()
	close(failed)
	for err := range failed {
		w.Fatal(err)
	}
	w.awaitValue(func(v float64) bool { return v >= n*0.9 }, "klink_groups", "true")
	w.awaitValue(func(v float64) bool { return v >= n*0.1 }, "klink_groups", "stalled")
	fault.Remove()
	after := w.scrape()
	for series := range after.series("klink_") {
		if !before.series("klink_")[series] {
			w.Errorf("a new series: %s", series)
		}
	}
	if more := len(after.series("")) - len(before.series("")); more > 50 {
		w.Errorf("%d series more in all", more)
	}
	if strings.Contains(after.text, "many-") {
		w.Error("the metrics name Groups")
	}
}

// outageShows has the API go away and come back.
func outageShows(w *world) {
	const connection = "ClusterConnection/default"
	outage := w.sim.AddFault(simulator.Fault{Action: simulator.Reset})
	w.awaitValue(func(v float64) bool { return v == 0 }, "klink_connection_ready", connection)
	outage.Remove()
	w.awaitValue(func(v float64) bool { return v == 1 }, "klink_connection_ready", connection)
}

// connectionsGo adds a connection and takes it away again.
func connectionsGo(w *world) {
	second := w.connection("second")
	w.create(second)
	w.awaitValue(func(v float64) bool { return v > 0 }, "klink_api_requests_total", "ClusterConnection/second")
	w.awaitValue(func(v float64) bool { return v == 1 }, "klink_connection_ready", "ClusterConnection/second")
	w.delete(second)
	w.eventually(func() string {
		if strings.Contains(w.scrape().text, "ClusterConnection/second") {
			return "its series are still there"
		}
		return ""
	})
}
