// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func html(f *simulator.Fault) {
	f.Headers, f.Body = map[string]string{"Content-Type": "text/html"}, "<html>default backend - 404</html>"
}

// An ingress answered 404 to everything: what was deleted before the next listing was
// released, and its remote groups were active and nobody's.
func TestA404IsAQuestionThatAListingBegunAfterItAnswers(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusNotFound, on(ids[1]), html)
		asked := time.Now()
		if _, err := b.get(ids[1]); klink.KindOf(err) == 0 {
			t.Fatalf("a GET says %v", err)
		}
		r := b.account.Lookup(ids[1])
		if !r.NotFound.Equal(asked) || !r.FirstNotFound.Equal(asked) || !r.Absent.IsZero() || r.Presence != Unlisted {
			t.Errorf("the question: %+v", r)
		}
		b.sim.ResetRequests()
		after(time.Minute)
		if r := b.account.Lookup(ids[1]); r.Presence != Present || !r.NotFound.IsZero() || !r.Contradicted {
			t.Errorf("a 404 is believed though a later listing shows the group: %+v", r)
		}
		b.counts(map[string]int{"GET list": 2}) // the listing, and the probe of a connection that is suspect

		b.sim.ClearFaults()
		b.sim.Remove(ids[1])
		asked = time.Now()
		_, _ = b.get(ids[1])
		if r := b.account.Lookup(ids[1]); !r.Absent.IsZero() {
			t.Errorf("the listing before the question answers it: %+v", r)
		}
		after(10 * time.Second)
		_, _ = b.get(ids[1])
		after(time.Minute)
		if r := b.account.Lookup(ids[1]); !r.Absent.After(asked) || !r.FirstNotFound.Equal(asked) || !r.NotFound.After(asked) {
			t.Errorf("the answer: %+v", r)
		}
	})
}

func TestWhereListingsProveNothingTheAPIsWordCountsWhenItIsGivenTwice(t *testing.T) {
	for name, c := range map[string]struct {
		edits []func(*simulator.Fault)
		want  bool
	}{
		"the API's own word":        {nil, true},
		"no list is answered after": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, simulator.Settings{Paging: simulator.Incomplete}, func(t *testing.T, b *bench) {
				ids := append(b.seed(20), b.seedMore(120)...)
				b.cluster.own(ids...)
				b.configure()
				b.fail(http.StatusNotFound, append(c.edits, on(ids[1]))...)
				if !c.want {
					b.fail(http.StatusServiceUnavailable, func(f *simulator.Fault) { f.QueryRegexp = "limit=1$" })
				}
				_, _ = b.get(ids[1])
				if r := b.account.Lookup(ids[1]); !r.NotFoundTwice.IsZero() || r.NotFound.IsZero() {
					t.Errorf("once: %+v", r)
				}
				after(time.Second)
				_, _ = b.get(ids[1])
				if r := b.account.Lookup(ids[1]); r.NotFoundTwice.IsZero() == c.want {
					t.Errorf("twice: %+v", r)
				}
			})
		})
	}
}

// The lists hid what is archived, and each archived group was taken for gone.
func TestListsThatHideArchivedGroupsProveNoAbsence(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3) // the first is archived
		b.cluster.own(ids...)
		b.configure()
		b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Hide, IDs: ids[:1]})
		b.sim.ResetRequests()
		after(time.Minute)
		b.counts(map[string]int{"GET list": 1, "GET one": 1})
		if s := b.account.State(); s.Complete {
			t.Error("the account is taken for one that can be listed completely")
		}
		if r := b.account.Lookup(ids[0]); !r.Absent.IsZero() {
			t.Errorf("a hidden group is taken for gone: %+v", r)
		}
		after(10 * time.Minute)
		b.counts(map[string]int{"GET list": 10}) // it is read once
		if s := b.account.State(); s.Complete {
			t.Error("what was found out is forgotten")
		}
		b.sim.ClearFaults()
		after(2 * time.Minute)
		if s := b.account.State(); !s.Complete {
			t.Error("the account is not listed completely, though its lists show archived groups again")
		}
		b.sim.Remove(ids[0])
		after(time.Minute)
		if s := b.account.State(); !s.Complete {
			t.Error("a group that is gone is taken for a hidden one")
		}
	})
}

func TestOurWritesAreKnownForAnHour(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		if err := b.describe(ids[1], "ours"); err != nil {
			t.Fatal(err)
		}
		wrote := time.Now()
		after(59 * time.Minute)
		if w := b.account.Lookup(ids[1]).Writes; len(w) != 1 || !w["description"].Equal(wrote) {
			t.Errorf("writes: %v", w)
		}
		after(time.Minute)
		if w := b.account.Lookup(ids[1]).Writes; len(w) != 0 {
			t.Errorf("writes: %v", w)
		}
	})
}

// A question that no listing had answered yet took the place of one that had been.
func TestAQuestionThatAListingAnsweredStaysAnswered(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		after(10 * time.Second)
		b.sim.Remove(ids[1])
		_, _ = b.get(ids[1])
		after(10 * time.Second)
		answered := time.Now()
		_, _ = b.get(ids[1])
		after(time.Minute)
		_, _ = b.get(ids[1])
		if r := b.account.Lookup(ids[1]); !r.NotFoundListed.Equal(answered) || !r.Absent.After(answered) || !r.NotFound.After(r.Absent) {
			t.Errorf("the answer: %+v", r)
		}
	})
}

// A cache's 404 is as old as it pleases.
func TestA404OutOfACacheAsksNothing(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusNotFound, on(ids[1]), func(f *simulator.Fault) { f.Headers = map[string]string{"Age": "7"} })
		_, _ = b.get(ids[1])
		if r := b.account.Lookup(ids[1]); !r.NotFound.IsZero() || r.Presence != Present {
			t.Errorf("the group: %+v", r)
		}
	})
}

// That the API took our DELETE says more than that it does not find the group. Of
// another token's account it says nothing.
func TestOurOwnDeleteIsKnownForAsLongAsTheGroupIs(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		shows, _ := b.sim.Group(ids[1])
		if err := b.account.Delete(t.Context(), changing("uid"), ids[1]); err != nil {
			t.Fatal(err)
		}
		taken := time.Now()
		b.sim.Seed(shows) // it takes its time
		after(10 * time.Second)
		if r := b.account.Lookup(ids[1]); !r.Deleted.Equal(taken) || r.Presence != Unlisted {
			t.Errorf("at first: %+v", r)
		}
		after(10 * time.Minute)
		if r := b.account.Lookup(ids[1]); !r.Deleted.Equal(taken) || r.Presence != Present {
			t.Errorf("later: %+v", r)
		}
		b.configure(token(foreignToken))
		if r := b.account.Lookup(ids[1]); !r.Deleted.IsZero() {
			t.Errorf("under another token: %+v", r)
		}
	})
}

// A name was taken for free, and a group made a second time, by one listing by page number
// after another that had lost some of its pages: an item can slip from both.
func TestByPageNumberAnIncompleteListingIsNoneOfTheTwo(t *testing.T) {
	paged := func(d time.Duration, complete bool) klink.Listing {
		l := listing(d, group("b", ""))
		l.ByPageNumber, l.Complete = true, complete
		return l
	}
	m := newMirror()
	for d, complete := range []bool{false, true, false, true} {
		m.take(paged(time.Duration(d)*time.Minute, complete))
		if since := m.listings.absentSince(); !since.IsZero() {
			t.Errorf("after %d minutes absences are proven since %v", d, since)
		}
	}
	m.take(paged(4*time.Minute, true))
	if since := m.listings.absentSince(); !since.Equal(at(3 * time.Minute)) {
		t.Errorf("two complete listings prove absences since %v, want since the first of them", since)
	}
	m.take(paged(5*time.Minute, false))
	m.take(paged(6*time.Minute, true))
	if since := m.listings.absentSince(); !since.IsZero() {
		t.Errorf("one since the incomplete one proves absences since %v", since)
	}
}

// Were a 404 that was asked for before the probe, and answered after it, taken for the
// second, a deletion would end on two answers with no list between them.
func TestASecond404FromBeforeTheProbeIsNoSecond(t *testing.T) {
	start := time.Now()
	r := refusals{}
	r.note("a", start, true)
	r.probed("a", start.Add(2*time.Second))
	r.note("a", start.Add(time.Second), true)
	if again := r["a"].again; !again.IsZero() {
		t.Errorf("a question from before the probe counts as asked again at %s", again)
	}
	r.note("a", start.Add(3*time.Second), true)
	if r["a"].again.IsZero() {
		t.Error("a question from after the probe does not count")
	}
}
