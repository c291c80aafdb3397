// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A POST answered by 200 and an error was sent again every two minutes without end, and
// what the API had said stood nowhere.
func TestACreateAnsweredByAnErrorUnder200IsRepeatedEverMoreRarely(t *testing.T) {
	var posts []time.Time
	var silent []string
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPost {
			posts = append(posts, time.Now())
			return answers["status error"](c), nil
		}
		return tr.serve(c)
	}, func(w *world) {
		g := w.links.plainGroup("g")
		w.kubectl.declare(w.ops, g, "L1")
		time.Sleep(time.Minute)
		for range 12 * 60 {
			if says := w.ops.readyMessage(g); !strings.Contains(says, "something went wrong") {
				silent = append(silent, says)
			}
			time.Sleep(time.Minute)
		}
	})
	var gaps []time.Duration
	for i := 1; i < len(posts); i++ {
		gaps = append(gaps, posts[i].Sub(posts[i-1]).Round(time.Second))
	}
	t.Logf("%d POSTs in twelve hours, %v apart", len(posts), gaps)
	if len(posts) < 12 || len(posts) > 18 || gaps[len(gaps)-1] < time.Hour {
		t.Error("want five or six within the first hour, and then one an hour")
	}
	if len(silent) > 0 {
		t.Errorf("%d times it did not quote the API, but said %q", len(silent), silent[0])
	}
}

// A PUT that resets what it does not send caused 12 PUTs in half a second and 169 in half
// an hour, under a status that said Synced of the old generation.
func TestAPutThatReplacesIsRepeatedEverMoreRarely(t *testing.T) {
	var puts []time.Time
	var untrue []string
	played(t, simulator.Settings{Put: simulator.Replace}, func(tr transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPut {
			puts = append(puts, time.Now())
		}
		return tr.serve(c)
	}, func(w *world) {
		g := w.links.plainGroup("g")
		g.Spec.Description, g.Spec.AvatarURL = new("Loud."), new("https://example.com/p.png")
		w.kubectl.declare(w.ops, g, "L1")
		time.Sleep(10 * time.Minute)
		w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Description = new("Quiet.") })
		time.Sleep(time.Minute)
		for range 12 * 60 {
			if says := w.ops.readyMessage(g); !strings.HasPrefix(says, v1alpha1.ReasonNotApplied) || !strings.Contains(says, "resets") {
				untrue = append(untrue, says)
			}
			time.Sleep(time.Minute)
		}
	})
	if len(puts) == 0 {
		t.Fatal("no PUT")
	}
	within := func(d time.Duration) (n int) {
		for _, at := range puts {
			if at.Sub(puts[0]) < d {
				n++
			}
		}
		return n
	}
	first, half, whole := within(time.Minute), within(30*time.Minute), within(13*time.Hour)
	t.Logf("PUTs: %d in the first minute, %d in half an hour, %d in twelve hours", first, half, whole)
	if first > 3 || half > 12 || whole > 40 {
		t.Error("those are too many")
	}
	if len(untrue) > 0 {
		t.Errorf("%d times it said %q", len(untrue), untrue[0])
	}
}
