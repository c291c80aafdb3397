// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Facts are all that a decision about one Group depends on: plain data, which can
// be printed, compared, and pasted into a test. Nothing in them can be called,
// locked or waited for. Their methods say what is the case, and what only one part tells
// is a method of that part; what follows from it is decided by functions.
type Facts struct {
	Now time.Time
	// Group as the cache shows it.
	Group *v1alpha1.Group
	// Declared is what its spec says of the remote group.
	Declared Declared
	// DryRun: the manager writes nothing remotely, and no finalizers either.
	DryRun bool
	// CRDGone: the Group goes because its CRD goes. CRDUnread: whether it does
	// cannot be told yet.
	CRDGone, CRDUnread bool
	// DeletionSeen is when this process first saw the Group being deleted.
	DeletionSeen time.Time
	// GroupGone: the Group is no longer there, and Group is how it was last seen. A
	// group was made for it, and its id could not be written down.
	GroupGone bool

	Identity   Identity
	Dropped    Dropped
	Connection Connection
	Remote     Remote
	Evidence   Evidence
	History    History
}

// String prints the facts as JSON, from which they can be read back whole. What would
// move a cursor or turn the direction of writing is escaped, also where JSON lets it be.
func (f *Facts) String() string {
	encoded, err := json.Marshal(f)
	if err != nil {
		return "facts that cannot be printed: " + err.Error() // a time beyond the year 9999
	}
	var b strings.Builder
	for _, r := range string(encoded) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// Identity is what ties the Group to a remote group.
type Identity struct {
	// ID is the bound remote id: of the status, or one that a reply has shown for this
	// Group and that could not be written there yet. Empty while unbound.
	ID string
	// ClaimedID is an id that only the annotation carries, which any author of Groups
	// may have written. Empty where ID is not.
	ClaimedID string
	// Seen is when this process first saw the Group bound to ID, or claiming it: another one may
	// have made the group just before, and the API may lag behind that.
	Seen time.Time
	// Inherited: it was another process that bound it, of which calls may still be under
	// way then.
	Inherited bool
	// Unarchive: the group was archived when it was adopted, and is not unarchived yet.
	Unarchive bool
	// Unrecorded: this process made the group, and its id is not written down yet.
	Unrecorded bool
	// Recorded: status, annotations and finalizer all say so.
	Recorded bool
	// ForeignCluster is the UID of another cluster that bound the id.
	ForeignCluster string
	// TakeOver: the connection allows to take over the ids that the annotation says are
	// of that cluster, or of this one.
	TakeOver bool
	// OtherOwner is the other Group that owns ID (or, while unbound, the id claimed, or
	// spec.groupID).
	OtherOwner string
	// WaitsForOwner: the Group names an id, which another one owned so far.
	WaitsForOwner bool
	// Attempt is the note of a create without an id; nil without one.
	Attempt *Attempt
	// NoteLost: the note is gone from the Group, and this process remembers it.
	NoteLost bool
	// AttemptUnreadable: there is such a note, but nobody can read it.
	AttemptUnreadable bool
	// AttemptEmpty: it is proven that the attempt made nothing.
	AttemptEmpty bool
	// AttemptSeen is when this process first saw the attempt.
	AttemptSeen time.Time
	// CreateInFlight: a create of this name is under way in this process.
	CreateInFlight bool
}

// Connection is what the Group's connection allows at the moment.
type Connection struct {
	// Name is "ClusterConnection default" or "Connection name", for messages.
	Name string
	// Found: the object exists; if not, Problem may say why it cannot be seen.
	Found bool
	// Terminating: it is being deleted, and takes no new Groups.
	Terminating bool
	// Allowed: the Group's namespace may use it. MayAdopt: its Groups may bind over it
	// to remote groups that they did not make.
	Allowed, MayAdopt bool
	// Selector is what the labels of an allowed namespace must match; empty where all are.
	Selector string
	// Up: calls can be made. Otherwise Problem says why not.
	Up      bool
	Problem string
	// Waiting: it was not looked at yet by this process, so nothing is known.
	Waiting bool
	// AllowDelete is the connection's consent to permanent deletion.
	AllowDelete bool
	// Complete: the account can be listed completely.
	Complete bool
}

// wanted says which namespaces are allowed.
func (c *Connection) wanted() string {
	if c.Selector == "" {
		return ""
	}
	return ", but those labelled " + c.Selector
}

// missing says that there is no connection, and what helps.
func (c *Connection) missing() string {
	if c.Problem != "" {
		return c.Name + " is not read: " + c.Problem
	}
	return c.Name + " does not exist: create it"
}

// RemoteState is how much is known of the bound remote group.
type RemoteState int

const (
	// RemoteUnknown: nothing was read or listed yet.
	RemoteUnknown RemoteState = iota
	// RemotePresent: it was seen.
	RemotePresent
	// RemoteUnlisted: the newest listing lacks it, a hint and no more.
	RemoteUnlisted
	// RemoteNotFound: a GET in this pass said 404.
	RemoteNotFound
	// RemoteMisspelled: a GET in this pass showed the id in another spelling: Group's.
	RemoteMisspelled
)

// String names the state for logs.
func (s RemoteState) String() string {
	return [...]string{"Unknown", "Present", "Unlisted", "NotFound", "Misspelled"}[s]
}

// Remote is what is known of the bound remote group.
type Remote struct {
	State RemoteState
	Group remote.Group
	// AsOf is when the listing or the call began that showed Group.
	AsOf time.Time
	// Fresh: it was read or written in this pass.
	Fresh bool
	// ReadAt is when the GET began that showed it in this pass; zero where none did.
	ReadAt time.Time
	// Settling: our own write is younger than the settle time, so an absence may
	// be the API's lag.
	Settling bool
	// Replied: such a write's reply showed it archived, or not, just as Group does.
	Replied bool
	// Unarchiving is until when our own call to unarchive it, which got no clear
	// answer, may still arrive; zero where there is none, or where it was read since.
	Unarchiving time.Time
	// Writes are the fields that our own writes set within the last hour, and when these
	// were answered.
	Writes map[Field]time.Time
	// Untried are the fields that listings alone have shown, as after a restart, or of which
	// the first listing showed a part: lists may show less of them than a GET does.
	Untried remote.FieldSet
	// Absent is when the listing began that proves that the account lacks it, the older
	// one where it takes two; zero without such a proof.
	Absent time.Time
	// FirstNotFound and NotFound are when the first and the newest question was asked
	// that was answered with 404, no matter who said so, since the group was last shown.
	// NotFoundListed is the newest one that such a listing began after. Zero without one.
	FirstNotFound, NotFoundListed, NotFound time.Time
	// NotFoundTwice is when the second question was asked to which the API itself said
	// 404, after it had been answered a list in between; zero otherwise.
	NotFoundTwice time.Time
	// Deleted is when our own DELETE was answered; zero without one.
	Deleted time.Time
}

func (f *Facts) spec() *v1alpha1.GroupSpec { return &f.Group.Spec }

func (f *Facts) observes() bool {
	return f.spec().ManagementPolicy == v1alpha1.ManagementObserve
}

func (f *Facts) byName() bool { return f.spec().AdoptionPolicy == v1alpha1.AdoptByName }

// wasReady reports whether the Group was last found as declared.
func (f *Facts) wasReady() bool {
	ready := lastReady(f.Group)
	return f.Identity.ID != "" && ready != nil && ready.Status == metav1.ConditionTrue
}

// wasCompared reports whether the status already says what came of comparing this
// generation with the remote group. A Group that was kept from it, as by another owner,
// has a status too.
func wasCompared(g *v1alpha1.Group) bool {
	ready := lastReady(g)
	return !userIsWaiting(g) && ready != nil && ready.ObservedGeneration == g.Generation &&
		(ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonNotApplied)
}

// wasSynced reports whether the Group was found as declared at this generation, so
// that a difference now is somebody else's doing.
func (f *Facts) wasSynced() bool {
	ready := lastReady(f.Group)
	return f.wasReady() && ready.Reason == v1alpha1.ReasonSynced && ready.ObservedGeneration == f.Group.Generation
}

// lastReady is the Ready condition as its status has it; nil without one.
func lastReady(g *v1alpha1.Group) *metav1.Condition {
	return meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
}

// withinSettleTime: a 404 may still be the API's lag behind our own write, or behind that
// of the manager before us.
func (f *Facts) withinSettleTime() bool {
	return f.Remote.Settling || f.Now.Before(f.Identity.Seen.Add(SettleTime))
}

// unresolvedAttempt: a create may have happened.
func (i *Identity) unresolvedAttempt() bool {
	return (i.Attempt != nil || i.AttemptUnreadable) && !i.AttemptEmpty
}

// wantedID is the id this Group is bound to or wants to bind to.
func (f *Facts) wantedID() string {
	if id := f.Identity.boundOrClaimed(); id != "" {
		return id
	}
	return f.spec().GroupID
}

// backoff returns what keeps a PUT of the given fields (nil: any other call) from
// being tried.
func (f *Facts) backoff(fields []Field) *Backoff {
	for _, b := range []*Backoff{f.refused(), f.History.NotApplied, f.History.Failed} {
		if b.active(f.Now) && b.covers(fields) {
			return b
		}
	}
	return nil
}

func list(fields []Field) string { return strings.Join(fields, ", ") }
