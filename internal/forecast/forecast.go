// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package forecast

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Kind is what happens to the remote group.
type Kind string

// The kinds of changes.
const (
	Create    Kind = "create"
	Adopt     Kind = "adopt"
	Update    Kind = "update"
	Unarchive Kind = "unarchive"
	Archive   Kind = "archive"
	Delete    Kind = "delete"
	Release   Kind = "release"
)

// Change is one thing that the operator would do. Adopting and releasing write nothing
// remotely.
type Change struct {
	Kind   Kind         `json:"kind"`
	ID     string       `json:"id,omitempty"`
	Fields []plan.Field `json:"fields,omitempty"`
	// Before and After are the remote group; Before is empty for a create.
	Before remote.Group `json:"-"`
	After  remote.Group `json:"-"`
}

// Forecast is what would happen, and what the Group would say in the end.
type Forecast struct {
	Changes []Change `json:"changes"`
	// Status, Reason and Message are those of the Ready condition; empty where the
	// operator would wait and say nothing.
	Status          metav1.ConditionStatus
	Reason, Message string
}

// Reader reads one remote group; found is false where the API does not find it.
type Reader func(ctx context.Context, id string) (group remote.Group, found bool, err error)

// mostSteps is more than any Group takes.
const mostSteps = 20

// Of plays what plan decides on the facts.
func Of(ctx context.Context, f plan.Facts, read Reader) (Forecast, error) {
	var out Forecast
	for range mostSteps {
		step := plan.Next(&f)
		if tellsDifference(step) && !f.Remote.Fresh {
			if err := readRemote(ctx, &f, f.Remote.Group.ID, read); err != nil {
				return out, err
			}
			continue
		}
		if ended, err := out.play(ctx, &f, step, read); ended || err != nil {
			return out, err
		}
	}
	return out, fmt.Errorf("the plan does not come to rest after %d steps", mostSteps)
}

// play carries one step out on the facts.
func (out *Forecast) play(ctx context.Context, f *plan.Facts, step plan.Step, read Reader) (ended bool, err error) {
	now := &f.Remote.Group
	switch step.Action {
	case plan.Wait:
		return true, nil
	case plan.WriteStatus:
		out.Status, out.Reason, out.Message = step.Report.Status, step.Report.Reason, step.Report.Message
		return true, nil
	case plan.Read:
		return false, readRemote(ctx, f, step.ID, read)
	case plan.ReadCandidate:
		return false, readCandidate(ctx, f, step.ID, read)
	case plan.RestoreNote:
		f.Identity.NoteLost = false
	case plan.Bind:
		out.bind(f, step)
	case plan.Record:
		f.Identity.Recorded, f.Identity.Unarchive = true, false
	case plan.ForgetID:
		f.Identity, f.Remote = plan.Identity{}, plan.Remote{}
	case plan.Create:
		out.create(f)
		return f.Declared.Archived == nil, nil
	case plan.Update:
		out.change(f, Update, step.Fields, f.Declared.Changes(step.Fields, *now, f.Now))
	case plan.Unarchive:
		out.change(f, Unarchive, []plan.Field{plan.FieldArchived}, plan.Archive(false, f.Now))
		f.Identity.Unarchive = false
	case plan.ArchiveRemote:
		out.change(f, Archive, []plan.Field{plan.FieldArchived}, plan.Archive(true, f.Now))
	case plan.DeleteRemote:
		out.Changes = append(out.Changes, Change{Kind: Delete, ID: step.ID, Before: *now})
		f.Remote = plan.Remote{State: plan.RemoteNotFound, Fresh: true, Deleted: f.Now}
	case plan.Release:
		out.Changes = append(out.Changes, Change{Kind: Release, ID: f.Identity.ID, Before: *now, After: *now})
		return true, nil
	}
	return false, nil
}

// tellsDifference reports whether a step says that the remote group differs. A listing may
// leave fields out, or show less of them than there is: only a read shows what differs. The
// operator has read such fields before, or learns them from the reply to its write.
func tellsDifference(step plan.Step) bool {
	return step.Action == plan.Update || step.Action == plan.WriteStatus && len(step.Report.Drift) > 0
}

// readRemote reads the group that the Group is bound to, or would be.
func readRemote(ctx context.Context, f *plan.Facts, id string, read Reader) error {
	group, found, err := read(ctx, id)
	if err != nil {
		return err
	}
	f.Remote.Fresh, f.Remote.State, f.Remote.ReadAt, f.Remote.AsOf = true, plan.RemoteNotFound, f.Now, f.Now
	switch {
	case found:
		f.Remote.Group, f.Remote.State = group, plan.RemotePresent
	case f.Remote.Absent.IsZero():
		f.Remote.FirstNotFound, f.Remote.NotFound = f.Now, f.Now
	default: // the operator lists once more after that; what was listed just now stands in for it
		f.Remote.FirstNotFound, f.Remote.NotFound, f.Remote.Absent = f.Now, f.Now, f.Now.Add(1)
	}
	return nil
}

// readCandidate reads one of the groups that have the name, or had it.
func readCandidate(ctx context.Context, f *plan.Facts, id string, read Reader) error {
	group, found, err := read(ctx, id)
	if err != nil {
		return err
	}
	var known []plan.Candidate
	for _, c := range f.Evidence.Candidates {
		if c.Group.ID == id {
			c.Group, c.AsOf = group, f.Now
		}
		if c.Group.ID != id || found {
			known = append(known, c)
		}
	}
	f.Evidence.Candidates = known
	return nil
}

// bind takes a group over from the listing, or from the reply that showed it.
func (out *Forecast) bind(f *plan.Facts, step plan.Step) {
	if f.Remote.State != plan.RemotePresent || f.Remote.Group.ID != step.ID {
		for _, c := range f.Evidence.Candidates {
			if c.Group.ID == step.ID {
				f.Remote = plan.Remote{State: plan.RemotePresent, Group: c.Group, AsOf: c.AsOf}
			}
		}
	}
	out.Changes = append(out.Changes, Change{Kind: Adopt, ID: step.ID, Before: f.Remote.Group, After: f.Remote.Group})
	f.Identity = plan.Identity{ID: step.ID, Recorded: true, Unarchive: step.Unarchive, TakeOver: f.Identity.TakeOver}
}

// create makes a group of what is declared.
func (out *Forecast) create(f *plan.Facts) {
	made := apply(remote.Group{ID: "(new)", Contacts: []string{}, CreatedAt: f.Now}, f.Declared.Creation())
	out.Changes = append(out.Changes, Change{Kind: Create, Fields: f.Declared.Creation().Names(), After: made})
	f.Identity = plan.Identity{ID: made.ID, Recorded: true}
	f.Remote = plan.Remote{State: plan.RemotePresent, Group: made, Fresh: true, AsOf: f.Now, ReadAt: f.Now}
}

func (out *Forecast) change(f *plan.Facts, kind Kind, fields []plan.Field, to remote.Fields) {
	before := f.Remote.Group
	f.Remote.Group = apply(before, to)
	f.Remote.Fresh, f.Remote.AsOf, f.Remote.ReadAt = true, f.Now, f.Now
	out.Changes = append(out.Changes, Change{Kind: kind, ID: before.ID, Fields: fields, Before: before, After: f.Remote.Group})
}

// apply is the group after a PUT of these fields.
func apply(g remote.Group, to remote.Fields) remote.Group {
	set := func(text *string, value *string) {
		if value != nil {
			*text = *value
		}
	}
	set(&g.Name, to.Name)
	set(&g.Description, to.Description)
	set(&g.AvatarURL, to.AvatarURL)
	if to.Contacts != nil {
		g.Contacts = slices.Clone(*to.Contacts)
	}
	if to.ArchivedAt != nil {
		g.ArchivedAt = *to.ArchivedAt
	}
	return g
}

// Writes reports whether anything would be written remotely.
func (out *Forecast) Writes() bool {
	return slices.ContainsFunc(out.Changes, func(c Change) bool { return c.Kind != Adopt && c.Kind != Release })
}
