// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// orphan is one line of the command orphans, as JSON and YAML show it.
type orphan struct {
	// Kind is Unclaimed (a remote group without a Group) or Missing (a Group whose
	// remote group the account does not show).
	Kind     string `json:"kind"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Archived bool   `json:"archived,omitempty"`
	Group    string `json:"group,omitempty"`
}

func (p *plugin) orphansCommand() *cobra.Command {
	var (
		a access
		f formats
	)
	c := &cobra.Command{
		Use:   "orphans",
		Short: "List remote groups that no Group claims, and Groups whose remote group is missing",
		Long: `List the remote groups that no Group claims, and the Groups whose remote group the account
does not show. The exit code is 1 when there are any.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.orphans(c.Context(), &a, &f) },
	}
	a.addFlags(c.Flags(), true)
	f.addFlags(c.Flags())
	return c
}

func (p *plugin) orphans(ctx context.Context, a *access, f *formats) error {
	c, err := p.cluster()
	if err != nil {
		return err
	}
	ref, err := parseConnection(a.connection)
	if err != nil {
		return err
	}
	object, err := c.connection(ctx, ref, c.namespace)
	if err != nil {
		return fmt.Errorf("reading %s: %w", a.connection, err)
	}
	if a.endpoint != "" && account.NormalEndpoint(a.endpoint) != account.NormalEndpoint(object.GetConnectionSpec().Endpoint) {
		return fmt.Errorf("--endpoint is another account than that of %s", a.connection)
	}
	open, err := p.through(ctx, c, object, a)
	if err != nil {
		return err
	}
	listing, err := open.list(ctx)
	if err != nil {
		return err
	}
	groups, connections, err := p.everywhere(ctx, c)
	if err != nil {
		return err
	}
	if !listing.Complete {
		return errors.New("the account cannot be listed completely, so that nothing can be said to be missing")
	}
	found := orphansOf(listing.Groups, claimsOf(groups, connections, object.GetConnectionSpec().Endpoint))
	if len(found) == 0 && f.forPeople() {
		fmt.Fprintf(p.ErrOut, "No orphans: the %d remote groups of %s and the Groups match.\n", len(listing.Groups), kindName(object))
		return nil
	}
	if err := f.write(p.Out, orphanTable(found)); err != nil || len(found) == 0 {
		return err
	}
	return errFound
}

// forPeople reports whether the output is a table.
func (f *formats) forPeople() bool {
	return f.output == "" || f.output == "table" || f.output == "wide"
}

func orphanTable(found []orphan) output {
	out := output{objects: found}
	for _, name := range []string{"kind", "id", "archived", "group", "remote name"} {
		out.columns = append(out.columns, column(name, false))
	}
	for _, o := range found {
		out.rows = append(out.rows, row(o.Kind, o.ID, o.Archived, o.Group, o.Name))
		out.names = append(out.names, o.ID)
	}
	return out
}

// orphansOf compares an account with the Groups that name its groups.
func orphansOf(listed []klink.Group, by claims) []orphan {
	found, shown := []orphan{}, map[string]bool{}
	for _, g := range listed {
		shown[g.ID] = true
		if len(by[g.ID]) == 0 {
			found = append(found, orphan{Kind: "Unclaimed", ID: g.ID, Name: g.Name, Archived: g.Archived()})
		}
	}
	for _, g := range by.inOrder() {
		if id := facts.WantedID(g, facts.Memory{}); !shown[id] {
			found = append(found, orphan{Kind: "Missing", ID: id, Name: g.Spec.Name, Group: g.Namespace + "/" + g.Name})
		}
	}
	return found
}
