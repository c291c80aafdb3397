// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/forecast"
)

// adopter is the command adopt. It patches specs of Groups, once it was told yes.
type adopter struct {
	*plugin
	access

	selector       string
	allSpaces, yes bool
	timeout        time.Duration
}

func adoptCommand(p *plugin) *cobra.Command {
	a := &adopter{plugin: p, access: access{at: p.terminal}}
	c := &cobra.Command{
		Use:   "adopt [NAME...]",
		Short: "Bind Groups that say NameTaken to the remote groups of their names",
		Long: `After a cluster was rebuilt from Git: show which Groups that say NameTaken would bind to which
remote group, and after asking set adoptionPolicy ByName on them. Left out is what two Groups
would take, and what has several candidates. This needs the token, as --help of import says.`,
		RunE:              func(c *cobra.Command, names []string) error { return a.run(c.Context(), names) },
		ValidArgsFunction: completer{p}.groups,
	}
	a.addFlags(c.Flags(), false)
	c.Flags().StringVarP(&a.selector, "selector", "l", "", "Only Groups with these labels.")
	c.Flags().BoolVarP(&a.allSpaces, "all-namespaces", "A", false, "Groups of all namespaces.")
	c.Flags().BoolVarP(&a.yes, "yes", "y", false, "Do not ask.")
	c.Flags().DurationVar(&a.timeout, "timeout", 5*time.Minute, "How long to wait for the operator.")
	return c
}

func (a *adopter) run(ctx context.Context, names []string) error {
	c, err := a.cluster()
	if err == nil && !a.allSpaces {
		err = c.checkNamespace(ctx)
	}
	if err != nil {
		return err
	}
	groups, err := a.taken(ctx, c, names)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		fmt.Fprintln(a.ErrOut, "No Group says NameTaken.")
		return nil
	}
	f, err := newForecaster(ctx, a.terminal, c, &a.access)
	if err != nil {
		return err
	}
	proposals, err := f.proposals(ctx, groups)
	if err != nil {
		return err
	}
	chosen := chosenOf(proposals)
	ended := a.leftOut(proposals)
	if len(chosen) == 0 {
		return ended
	}
	for _, p := range chosen {
		of := "kgrp " + p.group.Namespace + "/" + p.group.Name
		fmt.Fprintf(a.Out, "%s would bind to %s (%q)\n", of, p.id, p.name)
		if len(p.then.Changes) > 0 {
			p.then.Print(a.Out, of, a.colours())
		}
	}
	if !a.yes {
		which := "this Group"
		if len(chosen) > 1 {
			which = fmt.Sprintf("these %d Groups", len(chosen))
		}
		if err := a.ask(ctx, "Set adoptionPolicy ByName on "+which+"?"); err != nil {
			return err
		}
	}
	return cmp.Or(a.bind(ctx, f.cluster, chosen), ended)
}

// leftOut says which Groups are left out, and why. That it may not be known what one would
// bind to is an error; else what is left out is for a person to look at.
func (a *adopter) leftOut(proposals []proposal) error {
	left, unknown := 0, 0
	unread := map[string][]string{} // by why, which stands once for all of them
	for _, p := range proposals {
		of := p.group.Namespace + "/" + p.group.Name
		switch {
		case p.why == "":
			continue
		case p.unknown:
			unknown++
			unread[p.why] = append(unread[p.why], of)
		default:
			fmt.Fprintf(a.ErrOut, "left out: kgrp %s: %s\n", of, harmless(p.why))
		}
		left++
	}
	for _, why := range slices.Sorted(maps.Keys(unread)) {
		of := unread[why][0]
		if others := len(unread[why]) - 1; others > 0 {
			of += " and " + counted(others, "other")
		}
		fmt.Fprintf(a.ErrOut, "left out: kgrp %s: %s\n", of, harmless(why))
	}
	switch {
	case unknown > 0:
		return fmt.Errorf("what %d of %s would bind to cannot be told without reading the account", unknown, counted(len(proposals), "Group"))
	case left > 0:
		return errFound
	}
	return nil
}

// taken are the Groups that are meant and say NameTaken.
func (a *adopter) taken(ctx context.Context, c *cluster, names []string) ([]v1alpha1.Group, error) {
	var groups []v1alpha1.Group
	var err error
	switch options, bad := selecting(a.selector); {
	case bad != nil:
		return nil, bad
	case len(names) > 0 && (a.allSpaces || a.selector != ""):
		return nil, errors.New("give names, or --selector, or --all-namespaces: not both")
	case len(names) > 0:
		groups, err = c.chosen(ctx, names, "", false)
	case a.allSpaces:
		groups, err = c.groups(ctx, "", options...)
	default:
		groups, err = c.groups(ctx, c.namespace, options...)
	}
	return slices.DeleteFunc(groups, func(g v1alpha1.Group) bool { return !saysNameTaken(&g) }), err
}

func saysNameTaken(g *v1alpha1.Group) bool {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonNameTaken && g.Status.ID == ""
}

// proposal is what one Group would bind to, or why not.
type proposal struct {
	group         *v1alpha1.Group
	id, name, why string
	// unknown: the account cannot be read, so that it cannot be told.
	unknown bool
	// then is what the operator would do once it is bound.
	then forecast.Forecast
}

// proposals are what the Groups would bind to. Whether two would take one group is a question
// about all that say NameTaken, also those that are not meant.
func (f *forecaster) proposals(ctx context.Context, groups []v1alpha1.Group) ([]proposal, error) {
	meant := make([]proposal, 0, len(groups))
	wantedBy := map[string]int{}
	seen := map[types.UID]bool{}
	for i := range groups {
		p, err := f.propose(ctx, &groups[i])
		if err != nil {
			return nil, err
		}
		meant, seen[groups[i].UID] = append(meant, p), true
		wantedBy[p.id]++
	}
	for i := range f.known.groups {
		g := &f.known.groups[i]
		if !saysNameTaken(g) || seen[g.UID] {
			continue
		}
		p, err := f.propose(ctx, g)
		if err != nil {
			return nil, err
		}
		wantedBy[p.id]++
	}
	for i := range meant {
		if p := &meant[i]; p.why == "" && wantedBy[p.id] > 1 {
			p.why = fmt.Sprintf("%d Groups would take %s; set groupID on the one that is meant", wantedBy[p.id], p.id)
		}
	}
	return meant, nil
}

// propose asks the plan what the Group would do under ByName.
func (f *forecaster) propose(ctx context.Context, g *v1alpha1.Group) (proposal, error) {
	p := proposal{group: g}
	named := g.DeepCopy()
	named.Spec.AdoptionPolicy = v1alpha1.AdoptByName
	named.Generation++ // as after the change
	out, err := f.forecast(ctx, named)
	if isUnreadable(err) {
		p.why, p.unknown = err.Error(), true
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("kgrp %s/%s: %w", g.Namespace, g.Name, err)
	}
	if f.mayBeElsewhere(g) {
		p.why, p.unknown = elsewhere+"; set groupID to an id that the message of the Group names", true
		return p, nil
	}
	if why := f.incomplete(named); why != "" {
		p.why, p.unknown = why, true
		return p, nil
	}
	if len(out.Changes) > 0 && out.Changes[0].Kind == forecast.Adopt {
		p.id, p.name = out.Changes[0].ID, out.Changes[0].Before.Name
		out.Changes = out.Changes[1:]
		p.then = out
		return p, nil
	}
	p.why = strings.TrimSpace(out.Reason + " " + out.Message)
	if len(out.Changes) > 0 {
		p.why = "no remote group of its name is there any more"
	}
	return p, nil
}

// incomplete says, where that is so, that the account of a Group is not known as a whole:
// others may have its name.
func (f *forecaster) incomplete(g *v1alpha1.Group) string {
	for object, l := range f.accounts {
		if refers(g, object) && l.err == nil && !l.listing.Complete {
			return notWhole(l.listing, "others may have its name").Error()
		}
	}
	return ""
}

// chosenOf are the proposals against which nothing speaks.
func chosenOf(proposals []proposal) []proposal {
	return slices.DeleteFunc(slices.Clone(proposals), func(p proposal) bool { return p.why != "" })
}

// bind sets the policy, waits, and reports. One that fails keeps nothing from the others.
func (a *adopter) bind(ctx context.Context, c *cluster, chosen []proposal) error {
	set := make([]error, len(chosen))
	for i, p := range chosen {
		set[i] = c.change(ctx, p.group, untouched, func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	}
	limited, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	unbound := 0
	for i, p := range chosen {
		err := set[i]
		if err == nil {
			err = c.until(limited, p.group, func(g *v1alpha1.Group) bool { return g.Status.ID != "" && observed(g) })
			if err != nil {
				err = fmt.Errorf("%w%s", err, stands(p.group))
			}
		}
		name := p.group.Namespace + "/" + p.group.Name
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			unbound++
			fmt.Fprintf(a.ErrOut, "kgrp %s: %v\n", name, err)
		case p.group.Status.ID != p.id:
			unbound++
			fmt.Fprintf(a.ErrOut, "kgrp %s is bound to %s, and not to %s\n", name, p.group.Status.ID, p.id)
		default:
			fmt.Fprintf(a.Out, "group.klink.cloud/%s adopted %s%s\n", p.group.Name, p.id, stands(p.group))
		}
	}
	if unbound > 0 {
		return fmt.Errorf("%d of %s not bound as shown", unbound, counted(len(chosen), "Group"))
	}
	return nil
}
