// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import "time"

// Dropped is an id that this process gave up for an unbound Group, as proven gone, so that
// another group is made. The zero value is none.
type Dropped struct {
	ID string
	// At is when it was given up. Confirmed: status had it, and not an annotation alone.
	At        time.Time
	Confirmed bool
	// Remote is what is known of it since.
	Remote Remote
	// OtherOwner is the other Group that owns it by now.
	OtherOwner string
}

// reappeared reports whether the group shows again that was given up, and is this Group's
// still. What had vanished for a while, as after a restore of the account, would be there
// twice otherwise.
func (f *Facts) reappeared() bool {
	d := &f.Dropped
	mayBind := f.Connection.Allowed && (f.Connection.MayAdopt || d.Confirmed || f.madeSince(d.Remote.Group))
	shown := f.Evidence.Mirrored && f.Evidence.trusted() && d.Remote.State == RemotePresent
	return d.ID != "" && d.OtherOwner == "" && shown && mayBind
}

// bindAgain binds to the group that was given up and shows again, before another one is
// made. What began before it was given up tells only that it has to be asked for.
func bindAgain(f *Facts) (_ Step, stop bool) {
	switch {
	case !f.reappeared():
		return Step{}, false
	case !f.Dropped.Remote.AsOf.After(f.Dropped.At):
		return read(f, f.Dropped.ID), true
	default:
		return adopt(f, f.Dropped.ID, OriginRestored), true
	}
}
