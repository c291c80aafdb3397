// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// observer reads what a decision about a Group depends on, and writes nothing.
type observer struct {
	groups   Groups
	live     client.Reader
	accounts *account.Registry
	owners   *owners
	crd      *crdDeletionCache
	cluster  string
	dryRun   bool
}

// observe gathers the facts of this moment.
func (o *observer) observe(ctx context.Context, s *scope) (plan.Facts, error) {
	in := facts.Input{
		Now: time.Now(), Group: s.group, Cluster: o.cluster, DryRun: o.dryRun, GroupGone: s.gone, Memory: s.state.memory,
		Claims: map[string]facts.Claims{},
	}
	if err := o.connection(ctx, s, &in); err != nil {
		return plan.Facts{}, err
	}
	if !s.group.DeletionTimestamp.IsZero() {
		gone, known, err := o.crd.terminating(ctx, o.live, in.Memory.DeletionSeen)
		if err != nil {
			return plan.Facts{}, err
		}
		in.CRDGone, in.CRDUnread = gone, !known
	}
	if s.account != nil {
		o.remote(s, &in)
	}
	if err := o.claims(ctx, s, &in); err != nil {
		return plan.Facts{}, err
	}
	return facts.Of(in), nil
}

// connection finds out what the connection allows.
func (o *observer) connection(ctx context.Context, s *scope, in *facts.Input) error {
	c := &in.Connection
	c.Name = s.key.Kind + " " + s.key.Name
	object, err := o.groups.connection(ctx, s.key)
	if apierrors.IsNotFound(err) {
		if o.groups.NamespacedOnly && s.key.Namespace == "" {
			c.Problem = "this manager has rights in namespaces alone, use a Connection"
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.Name, err)
	}
	c.Found, c.Terminating = true, !object.GetDeletionTimestamp().IsZero()
	c.AllowDelete = object.GetConnectionSpec().AllowDelete
	if rule := object.GetAllowedNamespaces(); rule != nil && rule.From == v1alpha1.NamespacesFromSelector {
		c.Selector = metav1.FormatLabelSelector(rule.Selector)
	}
	in.TakeOver = object.GetAnnotations()[v1alpha1.AnnotationTakeOver]
	r, err := o.groups.labels.of(ctx, object, s.group.Namespace, lookupTTL)
	if err != nil {
		return err
	}
	c.Allowed, c.MayAdopt = r.use, r.adopt
	observeAccount(s, in)
	return nil
}

// observeAccount finds out whether calls can be made over the connection.
func observeAccount(s *scope, in *facts.Input) {
	c := &in.Connection
	if s.account == nil {
		c.Waiting = true
		return
	}
	state := s.account.State()
	// An author of Groups need not read where the API is, or which Secret has the token.
	c.Up, c.Problem, c.Complete = state.Up, "its conditions say why", state.Complete
	c.Waiting = !state.Up && state.Down == 0 && !state.Unanswered
	if state.Behind != "" && s.group.Status.ID == "" {
		c.Up, c.Problem = false, "the account cannot be listed, and nothing is created; its conditions say why"
	}
	switch made := in.Memory.Unrecorded; {
	case s.down != nil:
		c.Up, c.Waiting = false, false
		if s.down.Down == account.Untrusted {
			c.Problem = s.down.Message
		}
	case s.gone && made != nil && s.account.Fingerprint(made.Group.ID) != made.Account:
		c.Up, c.Problem = false, "it has had another endpoint or token since the group was made"
	}
}

// remote asks the mirror for the wanted group, and for groups of its name where one
// is to be found or made.
func (o *observer) remote(s *scope, in *facts.Input) {
	if wanted := facts.WantedID(in.Group, in.Memory); wanted != "" {
		in.Remote = facts.Remote(s.account.Lookup(wanted))
		if said := s.reply; said != nil && said.id == wanted {
			in.Remote.State, in.Remote.Group, in.Remote.Fresh, in.Remote.ReadAt = said.state, said.group, said.fresh, said.readAt
		}
	}
	if dropped := in.Memory.Dropped.ID; dropped != "" {
		in.Dropped = facts.Remote(s.account.Lookup(dropped))
	}
	names := facts.Names(in.Group, in.Memory)
	shown := s.account.Evidence(names...)
	in.Evidence, in.SeenAt = facts.Evidence(shown), shown.SeenAt
	// In this order: a create that made what the evidence shows is in flight still,
	// or has claimed it.
	in.CreateInFlight = o.accounts.Claims.Creating(s.endpoint, names[len(names)-1])
	note, _ := facts.Note(in.Group, in.Memory)
	if attempt, err := plan.ParseAttempt(note); err == nil {
		in.Fingerprint = s.account.Fingerprint(attempt.Salt())
	}
}

// claims finds out who claims the wanted id and, where one is to be chosen, the
// candidates.
func (o *observer) claims(ctx context.Context, s *scope, in *facts.Input) error {
	var ids []string
	if wanted := facts.WantedID(in.Group, in.Memory); wanted != "" {
		ids = append(ids, wanted)
	}
	unbound := facts.NamedID(in.Group) == "" && facts.BoundID(in.Group, in.Memory) == ""
	if dropped := in.Memory.Dropped.ID; unbound && dropped != "" && !slices.Contains(ids, dropped) {
		ids = append(ids, dropped)
	}
	for _, c := range in.Evidence.Candidates {
		if unbound && !slices.Contains(ids, c.Group.ID) {
			ids = append(ids, c.Group.ID)
		}
	}
	for _, id := range ids {
		others, err := o.owners.cached(ctx, s, id)
		if err != nil {
			return err
		}
		in.Claims[id] = facts.Claims{
			Others: others, Holder: o.accounts.Claims.Owner(s.endpoint, id),
			MadeForOther: o.accounts.Claims.MadeForOther(s.endpoint, id, s.uid()), LetGo: o.accounts.Claims.LetGo(s.endpoint, id),
		}
	}
	if !unbound || len(in.Evidence.Candidates) == 0 {
		return nil
	}
	var err error
	in.OpenCreates, err = o.owners.openCreates(ctx, s, facts.Names(in.Group, in.Memory), in.Evidence.Candidates)
	return err
}
