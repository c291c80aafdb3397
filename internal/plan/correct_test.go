// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// A cache in front of the API, or a list that shows less than a GET does, blames nobody
// for a change.
func TestWhatOurOwnWriteSetIsReadBeforeItIsCorrected(t *testing.T) {
	wrote := func(fields ...Field) option {
		return func(s *Facts) {
			s.Remote.Writes = map[Field]time.Time{}
			for _, field := range fields {
				s.Remote.Writes[field] = now.Add(-59 * time.Minute)
			}
		}
	}
	untried := func(fields remote.FieldSet) option { return func(s *Facts) { s.Remote.Untried = fields } }
	correction := Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}
	decide(t, []decision{
		{"a listing shows otherwise what we have set", facts(describedAs("new"), wrote(FieldDescription)), Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"so does a GET", facts(describedAs("new"), wrote(FieldDescription), fresh), correction},
		{"what we have not set lately is corrected at once", facts(describedAs("new"), wrote(FieldName)), correction},
		{"so is what we have never set", facts(describedAs("new")), correction},
		{"not so what listings alone have shown, and never otherwise", facts(describedAs("new"), untried(remote.FieldDescription)),
			Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"until a GET shows it too", facts(describedAs("new"), untried(remote.FieldDescription), fresh), correction},
		{"and what is right beside it costs no GET", facts(describedAs("new"), untried(remote.FieldContacts)), correction},
		{"nothing is said to differ by them either", facts(describedAs("new"), observe, untried(remote.FieldDescription)), Step{Action: Read, ID: plazaID}},
		{"a person's change costs no GET", facts(describedAs("new"), wrote(FieldDescription), changed),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"no GET is sent while the last one's failure holds", facts(describedAs("new"), wrote(FieldDescription), failing),
			says(v1alpha1.ReasonUnavailable, "503").showing(plaza(), FieldDescription).again(4 * time.Second)},
	})
}

// One member who is no more holds back neither name nor description.
func TestAfterARefusalTheOthersAreSentOnce(t *testing.T) {
	all := []Field{FieldName, FieldDescription, FieldAvatarURL, FieldContacts}
	differs := option(func(s *Facts) {
		s.Remote.Group.Name = "other"
		s.Group.Spec.Description, s.Group.Spec.AvatarURL = new("new"), new("https://example.com/p.png")
		s.Group.Spec.Contacts = []v1alpha1.Contact{{Username: "Hector"}}
		s.Group.Generation++
	})
	refusedAll := func(rest ...Field) option {
		return func(s *Facts) {
			refused(all...)(s)
			s.History.Refused.Rest = rest
		}
	}
	onlyNamed := remoteGroup(plaza(named("other")))
	decide(t, []decision{
		{"all are sent at first", facts(differs), Step{Action: Update, ID: plazaID, Fields: all}},
		{"then the others", facts(differs, refusedAll(FieldName, FieldDescription)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName, FieldDescription}}},
		{"and no more", facts(differs, onlyNamed, refusedAll()),
			says(v1alpha1.ReasonRejected, "422").showing(plaza(named("other")), all...).again(time.Hour)},
		{"a create goes without them too", facts(unbound, differs, refusedAll(FieldName, FieldDescription)),
			Step{Action: Create, Fields: []Field{FieldName, FieldDescription}}},
		{"and is not repeated either", facts(unbound, differs, refusedAll()), says(v1alpha1.ReasonRejected, "422").again(time.Hour)},
		{"a failure of this Group's own calls holds back the others as well",
			facts(differs, onlyNamed, refusedAll(FieldName, FieldDescription), failing),
			says(v1alpha1.ReasonUnavailable, "503").showing(plaza(named("other")), all...).again(4 * time.Second)},
	})
}

func TestWhatIsRefusedStaysRefused(t *testing.T) {
	refuse := func(h *History, split bool, fields ...Field) {
		h.Refuse(Backoff{Until: now.Add(time.Hour), Reason: v1alpha1.ReasonRejected, Fields: fields}, split, now)
	}
	want := func(h *History, rest []Field, fields ...Field) {
		t.Helper()
		if h.Refused == nil || !slices.Equal(h.Refused.Fields, fields) || !slices.Equal(h.Refused.Rest, rest) {
			t.Errorf("refused is %+v, want %v and the rest %v", h.Refused, fields, rest)
		}
	}
	split := &History{}
	refuse(split, true, FieldName, FieldDescription, FieldContacts)
	want(split, []Field{FieldName, FieldDescription}, FieldName, FieldDescription, FieldContacts)

	taken := split.Clone()
	taken.Accepted([]Field{FieldName, FieldDescription})
	want(&taken, nil, FieldContacts)
	taken.Accepted([]Field{FieldContacts})
	if taken.Refused != nil {
		t.Errorf("all is taken, and yet %+v is refused", taken.Refused)
	}

	// The rest is not split again, nor what comes later, even where only a part of it was still to be sent.
	for _, part := range [][]Field{{FieldName, FieldDescription}, {FieldDescription}} {
		again := split.Clone()
		refuse(&again, true, part...)
		want(&again, nil, FieldName, FieldDescription, FieldContacts)
		refuse(&again, true, FieldAvatarURL)
		want(&again, nil, FieldName, FieldDescription, FieldContacts, FieldAvatarURL)
	}

	for _, fields := range [][]Field{{FieldContacts}, {FieldContacts, FieldAvatarURL}, {FieldName, FieldDescription}} {
		whole := &History{}
		refuse(whole, true, fields...)
		want(whole, nil, fields...)
	}
	plain := &History{}
	refuse(plain, false, FieldName, FieldContacts) // not a 422
	want(plain, nil, FieldName, FieldContacts)
	other := &History{Refused: &Backoff{Until: now.Add(time.Hour)}} // of another call
	other.Accepted([]Field{FieldName})
	if other.Refused != nil {
		t.Errorf("a write was taken, and yet %+v is refused", other.Refused)
	}
	none := &History{}
	if none.Accepted([]Field{FieldName}); none.Refused != nil {
		t.Errorf("nothing was refused, and now %+v is", none.Refused)
	}
}
