// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// The kinds of orphans: a remote group without a Group, and a Group whose remote group the
// account does not show.
const (
	unclaimed = "Unclaimed"
	missing   = "Missing"
)

// orphan is one line of the command orphans, as JSON and YAML show it. What the listing does
// not show of a remote group is left out.
type orphan struct {
	Kind           string       `json:"kind"`
	ID             string       `json:"id"`
	Name           *string      `json:"name,omitempty"`
	Archived       *bool        `json:"archived,omitempty"`
	Group          string       `json:"group,omitempty"`
	ConversationID string       `json:"conversationID,omitempty"`
	CreatedAt      *metav1.Time `json:"createdAt,omitempty"`
	Members        *int         `json:"members,omitempty"`
	// Reason and Message are those of the Group's Ready condition.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// finder is the command orphans. It only reads.
type finder struct {
	*plugin
	access
	formats
}

func orphansCommand(p *plugin) *cobra.Command {
	f := &finder{plugin: p, access: access{at: p.terminal}}
	c := &cobra.Command{
		Use:   "orphans",
		Short: "List remote groups that no Group claims, and Groups whose remote group is missing",
		Long: `List the remote groups that no Group claims, and the Groups whose remote group the account
does not show. The exit code is 1 when there are any.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	f.access.addFlags(c.Flags(), true)
	f.formats.addFlags(c.Flags())
	return c
}

func (f *finder) run(ctx context.Context) error {
	c, err := f.namespaced(ctx)
	if err != nil {
		return err
	}
	object, err := f.named(ctx, c)
	if err != nil {
		return err
	}
	open, err := f.through(ctx, c, object)
	if err != nil {
		return err
	}
	k, err := everywhere(ctx, c, f.ErrOut)
	if err != nil {
		return err
	}
	listing, found, err := open.compare(ctx, c, &k, object.GetConnectionSpec().Endpoint)
	if err != nil {
		return err
	}
	if k.partial && object.GetNamespace() == "" {
		found = slices.DeleteFunc(found, func(o orphan) bool { return o.Kind == unclaimed })
		if err := f.write(f.Out, orphanTable(found)); err != nil {
			return err
		}
		return errors.New("which remote groups no Group claims cannot be told: you may not list the Groups of all namespaces")
	}
	if len(found) == 0 && f.forPeople() {
		fmt.Fprintf(f.ErrOut, "No orphans: %s of %s, and the Groups match.\n", counted(len(listing.Groups), "remote group"), kindName(object))
		return nil
	}
	if err := f.write(f.Out, orphanTable(found)); err != nil || len(found) == 0 {
		return err
	}
	return errFound
}

// compare lists the account, and compares it with the Groups. What was made or bound while it
// was listed is neither missing nor unclaimed.
func (a *reader) compare(ctx context.Context, c *cluster, k *known, endpoint string) (klink.Listing, []orphan, error) {
	const so = "nothing can be said to be missing"
	before := claimsOf(k.ofAccount(endpoint))
	listing, err := a.list(ctx)
	if err == nil && !listing.Complete {
		err = notWhole(listing, so)
	}
	if err == nil {
		err = a.probe(ctx, listing, before, so)
	}
	if err == nil {
		err = k.again(ctx, c)
	}
	if err != nil {
		return listing, nil, err
	}
	return listing, orphansOf(listing.Groups, before, claimsOf(k.ofAccount(endpoint))), nil
}

// forPeople reports whether the output is a table.
func (f *formats) forPeople() bool {
	return f.output == "" || f.output == "table" || f.output == "wide"
}

func orphanTable(found []orphan) output {
	out := output{objects: found}
	for n, name := range []string{"kind", "id", "archived", "group", "remote name", "members", "created", "conversation", "reason", "message"} {
		out.columns = append(out.columns, column(name, n > 4))
	}
	for _, o := range found {
		created := ""
		if o.CreatedAt != nil {
			created = o.CreatedAt.UTC().Format(time.RFC3339)
		}
		out.rows = append(out.rows, row(o.Kind, o.ID, shownOr(o.Archived, o.Kind), o.Group, shownOr(blanksQuoted(o.Name), o.Kind),
			shownOr(o.Members, o.Kind), created, o.ConversationID, o.Reason, o.Message))
		out.names = append(out.names, o.ID)
	}
	return out
}

// blanksQuoted is a name in quotes where blanks at its ends would not show.
func blanksQuoted(name *string) *string {
	if name == nil || strings.TrimSpace(*name) == *name {
		return name
	}
	return new(strconv.Quote(*name))
}

// shownOr is a cell: empty where there is no remote group, and said to be unknown where the
// listing does not show the value.
func shownOr[T any](value *T, kind string) any {
	switch {
	case value != nil:
		return *value
	case kind == missing:
		return ""
	}
	return "<unknown>"
}

// orphansOf compares an account with the Groups that name its groups, before it was listed and
// after that.
func orphansOf(listed []klink.Group, before, by claims) []orphan {
	found, shown := []orphan{}, map[string]bool{}
	for _, g := range listed {
		shown[g.ID] = true
		if len(by[g.ID]) == 0 {
			found = append(found, unclaimedOf(g))
		}
	}
	for _, g := range by.inOrder() {
		if id := facts.WantedID(g, facts.Memory{}); !shown[id] && len(before[id]) > 0 {
			v := viewOf("", g.Status.Conditions, g.Generation, g.Status.ObservedGeneration)
			found = append(found, orphan{
				Kind: missing, ID: id, Name: &g.Spec.Name, Group: g.Namespace + "/" + g.Name,
				ConversationID: g.Status.ConversationID, CreatedAt: g.Status.CreatedAt, Reason: v.Reason, Message: v.Message,
			})
		}
	}
	return found
}

func unclaimedOf(g klink.Group) orphan {
	o := orphan{Kind: unclaimed, ID: g.ID, ConversationID: g.ConversationID}
	if !g.Unknown.Has(remote.FieldName) {
		o.Name = &g.Name
	}
	if !g.Unknown.Has(remote.FieldArchivedAt) {
		o.Archived = new(g.Archived())
	}
	if !g.CreatedAt.IsZero() {
		o.CreatedAt = new(metav1.NewTime(g.CreatedAt))
	}
	if !g.Unknown.Has(remote.FieldContacts) && !g.MoreContacts {
		o.Members = new(len(g.Contacts))
	}
	return o
}
