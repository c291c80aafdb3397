// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// kubectl is what a person does to the clusters, as others decide: it draws nothing. It
// notes in the records what the checks have to know of it, and looks at the account only
// where a person has to.
type kubectl struct {
	journal *journal
	records *records
	sim     *simulator.Server
	ops     *cluster

	sequence int // of the newest manifest
}

// lineage is that of the newest manifest.
func (k *kubectl) lineage() string { return fmt.Sprintf("L%d", k.sequence) }

// declare creates a Group as one of a lineage.
func (k *kubectl) declare(c *cluster, g *v1alpha1.Group, lineage string) {
	created := c.create(g)
	if created == nil {
		return
	}
	k.records.addGroup(created.(*v1alpha1.Group), lineage)
	k.journal.note("a person creates %s %s/%s (%s): %s", c.uid, g.Namespace, g.Name, lineage, specText(g))
}

// specText is a spec as a person writes it.
func specText(g *v1alpha1.Group) string {
	text, err := json.Marshal(g.Spec)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (k *kubectl) edit(c *cluster, n name, f func(*v1alpha1.Group)) {
	c.edit(n, func(o client.Object) { f(o.(*v1alpha1.Group)) })
	if g := c.get(n); g != nil {
		k.records.remember(g.(*v1alpha1.Group))
		k.journal.note("a person edits %s/%s: %s", n.namespace, n.name, specText(g.(*v1alpha1.Group)))
	}
}

func (k *kubectl) delete(g *v1alpha1.Group) {
	k.journal.note("a person deletes %s", g.Name)
	if k.records.stripped[g.UID] && !slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup) {
		k.records.end(g) // it goes without our finalizer, and is left alone
	}
	k.ops.delete(nameOf(g))
}

// force strips the finalizer of a Group that is deleted, and so leaves the remote group to
// itself.
func (k *kubectl) force(g *v1alpha1.Group) {
	k.records.end(g)
	k.ops.delete(nameOf(g))
	k.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
}

func (k *kubectl) annotate(n name, key, value string) {
	k.ops.edit(n, func(o client.Object) {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = value
		o.SetAnnotations(annotations)
	})
}

func (k *kubectl) setToken(l link, token string) {
	k.journal.note("the Secret %s holds %s", l.secret.name, token[:8])
	k.ops.edit(l.secret, func(o client.Object) {
		o.(*corev1.Secret).Data = map[string][]byte{"token": []byte(token)}
	})
}

func (k *kubectl) setAllowDelete(l link, allow bool) {
	k.records.allow(l, allow)
	k.ops.edit(l.connection, func(o client.Object) { l.spec(o).AllowDelete = allow })
}

// acceptMissing does what the connection, or one of its Groups, asks a person to do, if
// the groups are really gone.
func (k *kubectl) acceptMissing(l link) {
	ready := meta.FindStatusCondition(*l.conditions(k.ops.get(l.connection)), v1alpha1.ConditionReady)
	lost := slices.ContainsFunc(k.ops.groups(), func(g *v1alpha1.Group) bool {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		return g.Spec.ConnectionRef == l.ref() && ready != nil && strings.Contains(ready.Message, v1alpha1.AnnotationAcceptMissing)
	})
	if !lost && (ready == nil || ready.Reason != v1alpha1.ReasonMassDisappearance) {
		return
	}
	k.journal.note("a person accepts what is missing from %s", l.connection.name)
	k.ops.edit(l.connection, func(o client.Object) {
		o.SetAnnotations(map[string]string{v1alpha1.AnnotationAcceptMissing: time.Now().UTC().Format(time.RFC3339)})
	})
}

// settleUncertain does what CreateUncertain asks a person to do, who knows what
// was made.
func (k *kubectl) settleUncertain() {
	for _, g := range k.ops.groups() {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonCreateUncertain {
			continue
		}
		k.journal.count("settled by a person")
		id := k.madeFor(g)
		k.journal.note("a person settles the create of %s: %q", g.Name, id)
		k.ops.edit(nameOf(g), func(o client.Object) {
			g := o.(*v1alpha1.Group)
			switch {
			case id == "":
				delete(g.Annotations, v1alpha1.AnnotationCreateAttempt)
			case g.DeletionTimestamp.IsZero():
				g.Spec.GroupID, g.Spec.AdoptionPolicy = id, v1alpha1.AdoptNever
			default:
				k.records.end(g)
				g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
			}
		})
	}
}

// madeFor is the group that was made for a Group and that no other owns.
func (k *kubectl) madeFor(g *v1alpha1.Group) string {
	for _, id := range k.records.madeFor(g) {
		if _, exists := k.sim.Group(id); exists && !k.ops.ownedByAnother(g, id) {
			return id
		}
	}
	return ""
}
