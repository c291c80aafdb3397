// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// errStartOver ends a look that must be taken again from the start.
var errStartOver = errors.New("start over")

// errNotFree ends a look at a Group that would bind to what another may own.
var errNotFree = errors.New("another Group may own it")

// metadataPatch is a merge patch of a Group's metadata. A nil annotation removes
// it. With a resource version it loses against any newer version; the UID keeps
// it from a namesake.
type metadataPatch struct {
	UID             types.UID          `json:"uid"`
	ResourceVersion string             `json:"resourceVersion,omitempty"`
	Finalizers      *[]string          `json:"finalizers,omitempty"`
	Annotations     map[string]*string `json:"annotations,omitempty"`
}

// patch applies it, and updates our copy.
func (l *look) patch(ctx context.Context, p metadataPatch) error {
	body, err := json.Marshal(map[string]metadataPatch{"metadata": p})
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	// Decoding into the old copy would keep annotations that are gone.
	patched := &v1alpha1.Group{}
	patched.Namespace, patched.Name = l.group.Namespace, l.group.Name
	if err := l.Client.Patch(ctx, patched, client.RawPatch(types.MergePatchType, body)); err != nil {
		return err //nolint:wrapcheck // the callers tell conflicts and absences apart
	}
	l.mem.overtaken.wrote(l.group.ResourceVersion, patched)
	*l.group = *patched
	return nil
}

// boundAnnotations say what the Group is bound to, and that no create is open.
func (l *look) boundAnnotations(id string) map[string]*string {
	return map[string]*string{
		v1alpha1.AnnotationGroupID:       &id,
		v1alpha1.AnnotationGroupCluster:  &l.Cluster,
		v1alpha1.AnnotationCreateAttempt: nil,
		annotationUnarchive:              nil,
	}
}

// annotationUnarchive names the adopted group that is still to be unarchived, so
// that a crash in between does not leave the adoption half done.
const annotationUnarchive = "klink.cloud/unarchive"

func (l *look) withFinalizer() *[]string {
	finalizers := slices.Clone(l.group.Finalizers)
	if !slices.Contains(finalizers, v1alpha1.FinalizerGroup) && l.group.DeletionTimestamp.IsZero() {
		finalizers = append(finalizers, v1alpha1.FinalizerGroup)
	}
	return &finalizers
}

// record puts identity, cluster and finalizer where they belong, after a create
// or where somebody removed them.
func (l *look) record(ctx context.Context, id string) error {
	if l.mem.unrecorded != nil {
		return l.recordCreated(ctx)
	}
	if l.account != nil && !l.Accounts.Claims.Claim(l.endpoint, id, string(l.group.UID)) {
		return errStartOver
	}
	err := l.patch(ctx, metadataPatch{
		UID: l.group.UID, ResourceVersion: l.group.ResourceVersion,
		Finalizers: l.withFinalizer(), Annotations: l.boundAnnotations(id),
	})
	if err != nil {
		return err
	}
	l.bound(id)
	return nil
}

// bound notes the id, which the cache does not show yet.
func (l *look) bound(id string) {
	l.mem.bound, l.mem.attempt = id, ""
	identity := &l.facts.Identity
	*identity = plan.Identity{ID: id, Recorded: true, Seen: l.mem.see(id, time.Now())}
}

// free asks the API server itself whether another Group owns the id: the cache
// may lag behind another manager's last writes. Its status is selectable; a
// Group of that name without an id in the cache is read one by one.
//
// Just after a hand-over all Groups are looked at: the manager before may still be
// creating for one that the cache does not show yet.
func (l *look) free(ctx context.Context, id string, adopting bool) (bool, error) {
	suspects := l.suspects
	if l.handingOver() {
		suspects = func(ctx context.Context, _ string) ([]v1alpha1.Group, error) { return l.listLive(ctx) }
	}
	return l.freeAmong(ctx, suspects, id, adopting)
}

// stillFree asks once more, after writing. Between two adoptions the cache has had
// time to show both Groups; a recovery can be of a Group made a moment ago.
func (l *look) stillFree(ctx context.Context, step plan.Step) (bool, error) {
	if step.Origin == plan.OriginRecovered {
		return l.free(ctx, step.ID, false)
	}
	return l.freeAmong(ctx, l.suspects, step.ID, false)
}

func (l *look) freeAmong(
	ctx context.Context, suspects func(context.Context, string) ([]v1alpha1.Group, error), id string, adopting bool,
) (bool, error) {
	groups, err := suspects(ctx, id)
	if err != nil {
		return false, err
	}
	remote := l.account.Lookup(id).Group
	for i := range groups {
		g := &groups[i]
		owns := boundID(g) == id || adopting && mayHaveMade(g, remote)
		if owns && g.UID != l.group.UID && !l.foreign(g) && l.sameAccount(ctx, g) {
			return false, nil
		}
	}
	return true, nil
}

// mayHaveMade reports whether a Group's open create may have made a remote group.
func mayHaveMade(g *v1alpha1.Group, remote klink.Group) bool {
	attempt, err := plan.ParseAttempt(g.Annotations[v1alpha1.AnnotationCreateAttempt])
	return err == nil && boundID(g) == "" && attempt.MayHaveMade(remote)
}

// suspects are the Groups that may own the id, as the API server has them.
func (l *look) suspects(ctx context.Context, id string) ([]v1alpha1.Group, error) {
	suspects, err := l.listLive(ctx, client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("status.id", id)})
	if err != nil {
		return nil, err
	}
	named, err := l.Groups.Named(ctx, l.account.Lookup(id).Group.Name)
	if err != nil {
		return nil, err
	}
	for i := range named {
		if boundID(&named[i]) != "" || named[i].UID == l.group.UID {
			continue
		}
		var g v1alpha1.Group
		err := l.Live.Get(ctx, client.ObjectKeyFromObject(&named[i]), &g)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading a Group of the same name: %w", err)
		}
		suspects = append(suspects, g)
	}
	return suspects, nil
}

// handOver is for how long a manager that lost the lease may still end a POST and
// record its id, and some more.
const handOver = postTimeout + recordTimeout + 15*time.Second

func (l *look) handingOver() bool { return time.Since(l.since(l.facts.Now)) < handOver }

func (l *look) listLive(ctx context.Context, selector ...client.ListOption) ([]v1alpha1.Group, error) {
	namespaces := l.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	var groups []v1alpha1.Group
	for _, namespace := range namespaces {
		var list v1alpha1.GroupList
		err := l.Live.List(ctx, &list, append(selector, client.InNamespace(namespace))...)
		if err != nil {
			return nil, fmt.Errorf("looking for the owner of a remote group: %w", err)
		}
		groups = append(groups, list.Items...)
	}
	return groups, nil
}

// drop forgets an id that is proven gone, so that the group can be created anew.
func (l *look) drop(ctx context.Context, id string) error {
	status := l.group.Status.DeepCopy()
	status.ID, status.ConversationID, status.CreatedAt, status.ArchivedAt, status.ContactCount = "", "", nil, nil, nil
	if err := l.patchStatus(ctx, *status); err != nil {
		return fmt.Errorf("dropping the id of a group that is gone: %w", err)
	}
	err := l.patch(ctx, metadataPatch{
		UID: l.group.UID, ResourceVersion: l.group.ResourceVersion,
		Annotations: map[string]*string{v1alpha1.AnnotationGroupID: nil, v1alpha1.AnnotationGroupCluster: nil},
	})
	if err != nil {
		return err
	}
	l.account.Gone(id)
	l.Accounts.Claims.Release(string(l.group.UID))
	l.mem.bound, l.mem.dropped, l.mem.recreating = "", id, id
	l.facts.Identity, l.facts.Remote = plan.Identity{}, plan.Remote{}
	return l.observeRemote(ctx)
}

// removeFinalizer finishes the Group.
func (l *look) removeFinalizer(ctx context.Context) error {
	finalizers := slices.DeleteFunc(slices.Clone(l.group.Finalizers), func(f string) bool { return f == v1alpha1.FinalizerGroup })
	err := l.patch(ctx, metadataPatch{UID: l.group.UID, ResourceVersion: l.group.ResourceVersion, Finalizers: &finalizers})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("releasing the Group: %w", err)
	}
	return nil
}
