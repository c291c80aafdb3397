// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// Input is all that was read for one decision.
type Input struct {
	Now   time.Time
	Group *v1alpha1.Group
	// Cluster is the UID of this cluster's namespace kube-system.
	Cluster string
	// DryRun and the rest are as in plan.Facts.
	DryRun, CRDGone, CRDUnread, GroupGone bool
	// Connection is what the Group's connection allows; TakeOver is the cluster of
	// which it lets ids be taken over.
	Connection plan.Connection
	TakeOver   string
	// Remote is what the mirror knows of the wanted id.
	Remote plan.Remote
	// Dropped is what the mirror knows of the id that was given up.
	Dropped plan.Remote
	// Evidence is what the account shows of the wanted names; who owns the candidates
	// comes from Claims.
	Evidence plan.Evidence
	// Fingerprint is that of the account, with the salt of the Group's attempt.
	Fingerprint string
	// CreateInFlight: this process is creating a group of the wanted name.
	CreateInFlight bool
	// OpenCreates are the other Groups without an id whose create is open, of the wanted
	// names.
	OpenCreates []plan.Claimant
	// SeenAt tells when the listing or the call began that showed a candidate last.
	SeenAt map[string]time.Time
	// Claims are by the ids that matter: the wanted one, the one that was given up, and those
	// of the candidates.
	Claims map[string]Claims
	// Memory is what this process remembers of the Group.
	Memory Memory
}

// Claims are who claims one remote id.
type Claims struct {
	// Others are the other Groups that name it.
	Others []plan.Claimant
	// Holder is the UID of the Group that this process bound it to.
	Holder string
	// MadeForOther: this process made the group for another Group. LetGo: that one is
	// gone, and left it on purpose.
	MadeForOther, LetGo bool
}

// Of translates what was read into facts.
func Of(in Input) plan.Facts {
	f := plan.Facts{
		Now: in.Now, Group: in.Group, Declared: plan.DeclaredBy(&in.Group.Spec), DryRun: in.DryRun,
		CRDGone: in.CRDGone, CRDUnread: in.CRDUnread, GroupGone: in.GroupGone, DeletionSeen: in.Memory.DeletionSeen,
		Identity: identity(in), Connection: in.Connection, Remote: in.Remote, Evidence: in.Evidence, History: in.Memory.History.Clone(),
	}
	f.Dropped = dropped(in, f.Identity.ID)
	attempt := f.Identity.Attempt
	f.Evidence.OtherAccount = attempt != nil && attempt.Account != "" && attempt.Account != in.Fingerprint && f.Evidence.Trust != plan.TrustEarned
	f.Evidence.Candidates = slices.DeleteFunc(slices.Clone(f.Evidence.Candidates), func(c plan.Candidate) bool {
		missed, missing := in.Memory.Missing[c.Group.ID]
		return missing && !in.SeenAt[c.Group.ID].After(missed)
	})
	for i := range f.Evidence.Candidates {
		c := &f.Evidence.Candidates[i]
		claims := in.Claims[c.Group.ID]
		c.MadeForOther, c.LetGo = claims.MadeForOther, claims.LetGo
		c.AsOf = in.SeenAt[c.Group.ID]
		for _, other := range in.OpenCreates {
			if other.MayHaveMade(c.Group, in.Now) {
				c.OpenCreate, c.OpenSince = other.Group, other.Attempt.Time
			}
		}
		if owner, owned := plan.Owner(claims.Others); owned && f.Identity.ID == "" {
			c.OwnedBy = owner.Group
		}
	}
	return f
}

// dropped is the id that the Group has given up, while it has no other.
func dropped(in Input, bound string) plan.Dropped {
	d := in.Memory.Dropped
	if d.ID == "" || bound != "" {
		return plan.Dropped{}
	}
	owner, _ := plan.Owner(in.Claims[d.ID].Others)
	return plan.Dropped{ID: d.ID, At: d.At, Confirmed: d.Confirmed, Remote: in.Dropped, OtherOwner: owner.Group}
}

// identity is what ties the Group to a remote group.
func identity(in Input) plan.Identity {
	annotations := in.Group.Annotations
	id := plan.Identity{
		ID: BoundID(in.Group, in.Memory), ClaimedID: ClaimedID(in.Group, in.Memory), Seen: in.Memory.BoundSince,
		Inherited: in.Memory.Inherited, Unrecorded: in.Memory.Unrecorded != nil,
	}
	bound := id.ID + id.ClaimedID // one of them is empty
	id.TakeOver = in.TakeOver != "" && in.TakeOver == annotations[v1alpha1.AnnotationGroupCluster]
	id.CreateInFlight = bound == "" && in.CreateInFlight
	if bound != "" {
		id.Unarchive = annotations[v1alpha1.AnnotationUnarchive] == bound
		id.Recorded = id.ID != "" && recorded(in.Group, in.Memory, bound)
		id.WaitsForOwner = WaitsForOwner(in.Group)
		if IsForeign(in.Group, in.Cluster) {
			id.ForeignCluster = annotations[v1alpha1.AnnotationGroupCluster]
		}
	} else if note, noted := Note(in.Group, in.Memory); noted {
		_, there := annotations[v1alpha1.AnnotationCreateAttempt]
		id.NoteLost = !there
		id.AttemptSeen, id.AttemptEmpty = in.Memory.AttemptSeen, in.Memory.AttemptEmpty
		if attempt, err := plan.ParseAttempt(note); err != nil {
			id.AttemptUnreadable = true
		} else {
			id.Attempt = &attempt
		}
	}
	if wanted := WantedID(in.Group, in.Memory); wanted != "" {
		id.OtherOwner = otherOwner(in, wanted)
	}
	return id
}

// Note is the note of a create: what stands on the Group, else what the process remembers.
func Note(g *v1alpha1.Group, m Memory) (note string, noted bool) {
	if note, noted := g.Annotations[v1alpha1.AnnotationCreateAttempt]; noted {
		return note, true
	}
	return m.Attempt, m.Attempt != "" && !m.AttemptEmpty
}

// otherOwner names the other Group that owns the id, if one does.
func otherOwner(in Input, id string) string {
	claims := in.Claims[id]
	self := Claimant(in.Group, id, claims.Holder)
	self.Bound = self.Bound || in.Memory.Bound == id || in.Memory.Agreed == id
	self.MayBind = true // whether it may is asked elsewhere
	owner, _ := plan.Owner(append(slices.Clone(claims.Others), self))
	if owner.UID == self.UID {
		return ""
	}
	return owner.Group
}

// recorded reports whether annotations and finalizer say what they should.
func recorded(g *v1alpha1.Group, m Memory, id string) bool {
	_, attempt := g.Annotations[v1alpha1.AnnotationCreateAttempt]
	return m.Unrecorded == nil && !attempt && g.Annotations[v1alpha1.AnnotationGroupID] == id &&
		g.Annotations[v1alpha1.AnnotationGroupCluster] != "" && slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup)
}

// WaitsForOwner reports whether status says that another owns the group that this
// Group would have.
func WaitsForOwner(g *v1alpha1.Group) bool {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	return g.Status.ID == "" && ready != nil && ready.Reason == v1alpha1.ReasonIDConflict
}

// NamedID is the id that a Group says itself, confirmed or not: status.id counts, the
// annotation stands in where a backup was restored without status.
func NamedID(g *v1alpha1.Group) string {
	if g.Status.ID != "" {
		return g.Status.ID
	}
	return g.Annotations[v1alpha1.AnnotationGroupID]
}

// ClaimedID is an id that only the annotation carries, and no reply has confirmed.
func ClaimedID(g *v1alpha1.Group, m Memory) string {
	if id := g.Annotations[v1alpha1.AnnotationGroupID]; BoundID(g, m) == "" && id != m.Dropped.ID {
		return id
	}
	return ""
}

// WantedID is the id that a Group is bound to or wants to bind to.
func WantedID(g *v1alpha1.Group, m Memory) string {
	if id := BoundID(g, m) + ClaimedID(g, m); id != "" { // one of them is empty
		return id
	}
	return g.Spec.GroupID
}

// Names are the remote names whose groups matter to a Group: the declared one, and
// that of an open attempt if it is another. The last one is what was, or is to be,
// created.
func Names(g *v1alpha1.Group, m Memory) []string {
	names := []string{g.Spec.Name}
	if BoundID(g, m)+ClaimedID(g, m) != "" {
		return names
	}
	note, _ := Note(g, m)
	if attempt, err := plan.ParseAttempt(note); err == nil && attempt.Name != g.Spec.Name {
		names = append(names, attempt.Name)
	}
	return names
}

// IsForeign reports whether another cluster bound the Group, so that it owns
// nothing here.
func IsForeign(g *v1alpha1.Group, cluster string) bool {
	named := g.Annotations[v1alpha1.AnnotationGroupCluster]
	return named != "" && named != cluster
}

// Claimant is what a Group claims of an id, which this process bound to holder.
func Claimant(g *v1alpha1.Group, id, holder string) plan.Claimant {
	return plan.Claimant{
		UID: string(g.UID), Group: g.Namespace + "/" + g.Name, Created: g.CreationTimestamp.Time,
		Bound: g.Status.ID == id || string(g.UID) == holder, Deleting: !g.DeletionTimestamp.IsZero(),
		Held:     slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup),
		Recorded: NamedID(g) == id, Attempt: openAttempt(g),
	}
}

// openAttempt is the create of a Group without an id; nil without one, or where its
// note cannot be read.
func openAttempt(g *v1alpha1.Group) *plan.Attempt {
	attempt, err := plan.ParseAttempt(g.Annotations[v1alpha1.AnnotationCreateAttempt])
	if err != nil || NamedID(g) != "" {
		return nil
	}
	return &attempt
}
