// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dialect is a way of the simulator to answer what the page leaves open.
type dialect struct {
	name     string
	settings simulator.Settings
	seeded   int                             // groups that are there before
	wrap     func(http.Handler) http.Handler // for what no setting changes
	answers  map[string]string               // where they differ from those of the most literal reading
	violates []string                        // statements that do not hold in it
}

// literal are the answers of the simulator's default settings.
var literal = map[string]string{
	"how does one get beyond the first page?":       "has_more and starting_after",
	"does a plain list show archived groups?":       "yes",
	"in which order?":                               "newest first",
	"what is a limit of 101?":                       "not refused",
	"how is a single group wrapped?":                "bare",
	"how are timestamps written?":                   "Unix seconds",
	"may two groups have one name?":                 "yes",
	"what of a contact that does not exist?":        "accepted",
	"does a contact given twice count once?":        "yes",
	"is text stored as it is?":                      "yes",
	"what is an empty description?":                 `""`,
	"is archived_at taken from a POST?":             "no",
	"how does a refusal look?":                      "422 with errors, message, status",
	"is a group seen at once after it was made?":    "yes",
	"is a group listed at once after it was made?":  "yes",
	"are ids case-sensitive?":                       "yes",
	"what becomes of attributes that are not sent?": "they stay",
	"does null clear?":                              "yes",
	"which archived_at are understood?":             "Unix seconds, RFC 3339",
	"does archived_at null unarchive?":              "yes",
	"what is the reply?":                            "204, empty",
	"what is the reply for a group that is gone?":   "404",
}

var dialects = []dialect{
	{name: "literal"},
	{
		name: "Page", settings: simulator.Settings{Paging: simulator.Page},
		answers: map[string]string{"how does one get beyond the first page?": "page and lastPage"},
	},
	{
		name: "HasMorePage", settings: simulator.Settings{Paging: simulator.HasMorePage},
		answers: map[string]string{"how does one get beyond the first page?": "has_more and page"},
	},
	{
		name: "Limit", settings: simulator.Settings{Paging: simulator.Limit}, seeded: 120,
		answers: map[string]string{
			"how does one get beyond the first page?": "a larger limit, beyond 100", "what is a limit of 101?": "101 groups",
		},
	},
	{
		name: "Limit, small account", settings: simulator.Settings{Paging: simulator.Limit, RejectLargeLimit: true, MaxLimit: 100},
		answers: map[string]string{
			"how does one get beyond the first page?": "a larger limit, up to the 29 groups there are",
			"what is a limit of 101?":                 "refused: 400",
		},
	},
	{
		name: "SinglePage", settings: simulator.Settings{Paging: simulator.SinglePage},
		answers:  map[string]string{"how does one get beyond the first page?": "everything at once"},
		violates: []string{"shows at most ten groups by default", "limit limits the number of groups"},
	},
	{
		name: "Incomplete", settings: simulator.Settings{Paging: simulator.Incomplete}, seeded: 120,
		answers: map[string]string{"how does one get beyond the first page?": "not at all", "what is a limit of 101?": "100 groups"},
	},
	{
		name: "newer endpoints",
		settings: simulator.Settings{
			Paging: simulator.Page, Order: simulator.OldestFirst, Envelope: simulator.Wrapped, Timestamps: simulator.RFC3339,
			DeleteReply: simulator.WithBody, HideArchived: true, UniqueNames: true, ContactDetails: true,
		},
		answers: map[string]string{
			"how does one get beyond the first page?": "page and lastPage",
			"in which order?":                         "oldest first",
			"how is a single group wrapped?":          "in data, message, status",
			"how are timestamps written?":             "RFC 3339",
			"what is the reply?":                      "200 with deleted, id",
			"does a plain list show archived groups?": "no",
			"may two groups have one name?":           "no: 409",
		},
	},
	{
		name: "unknown contacts dropped, text escaped", settings: simulator.Settings{UnknownContacts: simulator.Drop, Text: simulator.EscapeHTML},
		answers: map[string]string{
			"what of a contact that does not exist?": "dropped silently",
			"does a contact given twice count once?": "unknown: no contact to try with",
			"is text stored as it is?":               "changed: markup",
		},
	},
	{
		name: "unknown contacts rejected, text trimmed", settings: simulator.Settings{UnknownContacts: simulator.Reject, Text: simulator.Trim},
		answers: map[string]string{
			"what of a contact that does not exist?": "refused: 422",
			"does a contact given twice count once?": "unknown: no contact to try with",
			"is text stored as it is?":               "changed: white space at the ends",
		},
	},
	{
		name: "empty text is null", settings: simulator.Settings{Text: simulator.NullEmpty},
		answers: map[string]string{"what is an empty description?": "null"},
	},
	{
		name: "another server", wrap: anotherServer,
		answers: map[string]string{
			"is archived_at taken from a POST?":             "yes",
			"how does a refusal look?":                      "400, no JSON",
			"are ids case-sensitive?":                       "no",
			"what becomes of attributes that are not sent?": "they are cleared",
			"does null clear?":                              "no",
			"which archived_at are understood?":             "Unix seconds",
			"does archived_at null unarchive?":              "no",
			"what is the reply for a group that is gone?":   "204",
		},
	},
}

// slow dialects need a clock of their own: they run in process.
var slow = []dialect{
	{
		name: "rate limited", settings: simulator.Settings{RateLimit: simulator.RateLimit{RequestsPerSecond: 2, Burst: 5, RetryAfter: simulator.RetryAfterDate}},
	},
	{
		name: "all reads lag", settings: simulator.Settings{Lag: 3 * time.Second},
		answers: map[string]string{
			"is a group seen at once after it was made?":   "later",
			"is a group listed at once after it was made?": "later",
		},
	},
	{
		name: "lists lag", settings: simulator.Settings{Lag: 3 * time.Second, LagOn: simulator.LagLists},
		answers: map[string]string{"is a group listed at once after it was made?": "later"},
	},
}

func TestDialects(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			server := simulator.New(simulator.Options{Seed: 1, Settings: d.settings})
			t.Cleanup(server.Close)
			d.run(t, server, overHTTP(t, server, d.wrap))
		})
	}
	for _, d := range slow {
		t.Run(d.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := simulator.New(simulator.Options{Seed: 1, Settings: d.settings})
				t.Cleanup(server.Close)
				d.run(t, server, Client{
					HTTP:     &http.Client{Transport: server.Transport()},
					Endpoint: "http://simulator.test" + simulator.Prefix, Token: simulator.DefaultToken,
				})
			})
		})
	}
}

func overHTTP(t *testing.T, server *simulator.Server, wrap func(http.Handler) http.Handler) Client {
	t.Helper()
	var handler http.Handler = server
	if wrap != nil {
		handler = wrap(handler)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(listener.Close)
	return Client{HTTP: listener.Client(), Endpoint: listener.URL + simulator.Prefix, Token: simulator.DefaultToken}
}

func (d dialect) run(t *testing.T, server *simulator.Server, client Client) {
	t.Helper()
	for range d.seeded {
		server.Seed(simulator.Group{Name: "before", CreatedAt: time.Unix(1000, 0)})
	}
	report, err := Run(t.Context(), client, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	violated := []string{}
	for _, f := range report.Statements {
		if f.Err != nil {
			violated = append(violated, f.Text)
			t.Logf("%s: %v", f.Text, f.Err)
		}
	}
	if diff := cmp.Diff(append([]string{}, d.violates...), violated); diff != "" {
		t.Errorf("violated statements (-want +got):\n%s", diff)
	}
	answers := map[string]string{}
	for _, f := range report.Questions {
		answers[f.Text] = orError(f.Err, f.Answer)
	}
	want := maps.Clone(literal)
	maps.Copy(want, d.answers)
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if report.LeftBehind != nil {
		t.Errorf("left behind: %v", report.LeftBehind)
	}
	if left := len(server.Groups()) - d.seeded; left != 0 {
		t.Errorf("%d groups are left behind", left)
	}
	if report.Failed() != (len(d.violates) > 0) {
		t.Errorf("failed: %v", report.Failed())
	}
	var table strings.Builder
	if err := report.Print(&table); err != nil || !strings.Contains(table.String(), "newest first") && !strings.Contains(table.String(), "oldest first") {
		t.Errorf("table %s: %v", table.String(), err)
	}
}

// A question that has the same answer everywhere would ask nothing.
func TestEveryQuestionHasTwoAnswers(t *testing.T) {
	different := map[string]bool{}
	for _, d := range append(dialects, slow...) {
		for text, answer := range d.answers {
			different[text] = different[text] || answer != literal[text]
		}
	}
	for _, q := range questions {
		if !different[q.text] {
			t.Errorf("no dialect answers %q otherwise", q.text)
		}
	}
}
