// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"net/http"
	"path"
	"strings"
	"testing"
	"unicode"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// takesAnySpelling makes the API take ids in upper or lower case, and answer with its own
// spelling, as the examples of the groups page do.
func (f *fakeAPI) takesAnySpelling() {
	f.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		asked := path.Base(r.URL.Path)
		for _, g := range f.server.Groups() {
			if asked != g.ID && strings.EqualFold(asked, g.ID) {
				r = r.Clone(r.Context())
				r.URL.Path = path.Dir(r.URL.Path) + "/" + g.ID
				r.RequestURI = r.URL.RequestURI()
				f.server.ServeHTTP(rw, r)
				return true
			}
		}
		return false
	})
}

// otherCase writes an id with its letters in the other case.
func otherCase(id string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLower(r) {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, id)
}

// Two Groups that spelled one id in two ways both owned, renamed and archived the one
// remote group.
func TestAnIDInAnotherSpellingBindsNothing(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.remote.takesAnySpelling()
	w.group(w.house, "victim")
	id := w.await(w.house, "victim", v1alpha1.ReasonSynced).Status.ID
	free := w.seed("The board")
	spelled := map[string]string{"owned": id, "free": free}
	for name, id := range spelled {
		since := len(w.remote.requests())
		w.group(w.house, name, func(g *v1alpha1.Group) {
			g.Spec.GroupID, g.Spec.DeletionPolicy = otherCase(id), v1alpha1.DeletionDelete
		})
		g := w.await(w.house, name, v1alpha1.ReasonRejected)
		if text := message(g.Status.Conditions); g.Status.ID != "" || name == "free" && !strings.Contains(text, id) {
			t.Errorf("%s shows %q: %s", name, g.Status.ID, text)
		}
		w.wantShowsNothing(w.house, name)
		w.delete(w.house, name)
		w.awaitGone(w.house, name)
		w.wantUntouched(id, since)
		w.wantUntouched(otherCase(id), since)
	}
	w.group(w.house, "annotated", w.claiming(otherCase(id), w.cluster))
	w.await(w.house, "annotated", v1alpha1.ReasonRejected)
	w.wantShowsNothing(w.house, "annotated")
}

// A bound id that the API answers in another spelling is neither missing, nor a
// disappearance, nor written to.
func TestABoundIDInAnotherSpellingIsNotMissing(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.remote.takesAnySpelling()
	// As an earlier version may have bound them, which took what it had asked for for the id.
	for _, name := range []string{"left", "right"} {
		id := w.remote.server.Seed(simulator.Group{Name: "The " + name})
		w.group(w.house, name, w.claiming(otherCase(id), w.cluster), func(g *v1alpha1.Group) { g.Spec.Suspend = true })
		w.await(w.house, name, v1alpha1.ReasonSuspended)
		g := w.get(w.house, name)
		g.Status.ID = otherCase(id)
		if err := api.Status().Update(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		w.edit(w.house, name, func(g *v1alpha1.Group) { g.Spec.Suspend, g.Spec.Description = false, new("changed") })
		g = w.await(w.house, name, v1alpha1.ReasonRejected)
		if text := message(g.Status.Conditions); !strings.Contains(text, id) {
			t.Errorf("%s does not say how the API writes its id: %s", name, text)
		}
		w.wantUntouched(otherCase(id), 0)
	}
	w.nextListings(2)
	w.wantConnected()
	if groups := w.remote.server.Groups(); len(groups) != 2 {
		t.Errorf("there are %d remote groups", len(groups))
	}
}
