// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manifest"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// importer is the command import. It reads the account and the Groups, and writes manifests.
type importer struct {
	*plugin
	access
	formats

	folder folder

	observe, unclaimed       bool
	name, archived, contacts string
	fields                   []string
}

func importCommand(p *plugin) *cobra.Command {
	i := &importer{plugin: p, access: access{at: p.terminal}}
	c := &cobra.Command{
		Use:   "import",
		Short: "Write the remote groups of an account as Group manifests",
		Long: `Write one Group manifest for each remote group of an account. Applying them binds the
groups and changes nothing remotely.

What a Group cannot declare is written as a comment with the reason; the exit code is 1 then.`,
		Example: `  # All groups behind the ClusterConnection default, into a folder for Git
  kubectl klink import -n concierge --dir manifests/

  # A first look: Groups that write nothing remotely
  kubectl klink import -n concierge --observe | kubectl apply -f -

  # Without a cluster, with a token of one's own
  kubectl klink import --endpoint https://api.klink.cloud/api/v1 --token-file token`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return i.run(c.Context(), c.Flags().Changed("unclaimed")) },
	}
	flags := c.Flags()
	i.access.addFlags(flags, true)
	i.formats.addFlags(flags)
	flags.BoolVar(&i.observe, "observe", false, "Write Groups that are only observed: they change nothing remotely, ever.")
	flags.BoolVar(&i.unclaimed, "unclaimed", true, "Leave out the remote groups that Groups of the cluster have. With --endpoint the cluster is asked only if this is given.")
	flags.StringVar(&i.name, "name", "", "Only remote groups whose name matches this pattern, such as 'Plaza*'.")
	flags.StringVar(&i.archived, "archived", "", "Only archived remote groups (true), or only those that are not (false).")
	flags.StringSliceVar(&i.fields, "fields", []string{plan.FieldDescription, plan.FieldAvatarURL}, "Fields to declare beside the name: description, avatarURL.")
	flags.StringVar(&i.contacts, "contacts", "none", "How to declare the members: none, Exact (these and no others) or AtLeast (these, and others are left alone).")
	flags.StringVar(&i.folder.path, "dir", "", "Folder to write one file for each Group to, and a kustomization.yaml.")
	flags.BoolVar(&i.folder.overwrite, "overwrite", false, "With --dir, overwrite files that say something else.")
	return c
}

func (i *importer) options() (manifest.Options, error) {
	ref, err := parseConnection(i.connection)
	o := manifest.Options{Observe: i.observe, Fields: i.fields}
	if err != nil {
		return o, err
	}
	if ref != defaultConnection {
		o.Connection = ref
	}
	if *i.config.Namespace != "" {
		o.Namespace = *i.config.Namespace
	}
	switch contacts := v1alpha1.ContactsPolicy(i.contacts); contacts {
	case v1alpha1.ContactsExact, v1alpha1.ContactsAtLeast:
		o.Contacts = contacts
	case "none", "":
	default:
		return o, fmt.Errorf("--contacts %q is not none, Exact or AtLeast", i.contacts)
	}
	for _, field := range i.fields {
		if field != plan.FieldName && field != plan.FieldArchived && field != plan.FieldDescription && field != plan.FieldAvatarURL {
			return o, fmt.Errorf("--fields: %q is not description or avatarURL (members are declared with --contacts)", field)
		}
	}
	return o, i.check()
}

// check finds out what the flags say that nothing can be done with, before the account is read.
func (i *importer) check() error {
	if !slices.Contains([]string{"", "true", "false"}, i.archived) {
		return fmt.Errorf("--archived %q is not true or false", i.archived)
	}
	if i.folder.path != "" && i.output != "" {
		return errors.New("give --dir or --output, not both: a folder gets one YAML file for each Group")
	}
	if !slices.Contains([]string{"", "table", "wide", "name", "json", "yaml"}, i.output) {
		return i.unknown()
	}
	if _, err := path.Match(i.name, ""); err != nil {
		return fmt.Errorf("--name %q is no pattern: %w", i.name, err)
	}
	return nil
}

// source is what an import reads.
type source struct {
	groups []remote.Group
	claims claims
	// taken says which names of the namespace are whose.
	taken map[string]string
	// kept says, by id, which name a group has in the folder already.
	kept map[string]string
	// refused and unread say, by id, what came of a read: the first that there can be no
	// Group, the second that some fields stayed unknown.
	refused, unread map[string]string
	// homeless says that the namespace of the Groups does not exist.
	homeless string
}

func (i *importer) run(ctx context.Context, asked bool) error {
	o, err := i.options()
	if err != nil {
		return err
	}
	s, err := i.read(ctx, i.endpoint == "" || asked && i.unclaimed, o)
	if err != nil {
		return err
	}
	if s.kept, err = i.folder.named(); err != nil {
		return err
	}
	manifests, known := i.choose(s, o)
	if len(known) > 0 {
		fmt.Fprintf(i.ErrOut, "in the cluster already, and not declared again: %s\n", strings.Join(known, ", "))
	}
	if i.folder.path != "" {
		err = i.folder.write(ctx, manifests, o)
	} else {
		err = i.print(manifests, o)
	}
	if err != nil {
		return err
	}
	return i.summary(manifests, len(known), s.homeless)
}

// read reads the account and, where it is to be asked, the cluster.
func (i *importer) read(ctx context.Context, withCluster bool, o manifest.Options) (source, error) {
	s := source{claims: claims{}, taken: map[string]string{}, refused: map[string]string{}, unread: map[string]string{}}
	endpoint := i.endpoint
	var open *reader
	if withCluster {
		c, err := i.cluster()
		if err != nil {
			return s, err
		}
		ref, _ := parseConnection(i.connection) // options has read it
		object, err := c.connection(ctx, ref, c.namespace)
		switch {
		case isUnreadable(err) && endpoint == "":
			return s, err
		case err != nil && endpoint == "":
			return s, fmt.Errorf("reading %s: %w", i.connection, err)
		case endpoint == "":
			endpoint = object.GetConnectionSpec().Endpoint
			if open, err = i.through(ctx, c, object); err != nil {
				return s, err
			}
		}
		if err := i.readClaims(ctx, c, endpoint, &s); err != nil {
			return s, err
		}
	}
	if open == nil {
		var err error
		if open, err = i.own(); err != nil {
			return s, err
		}
	}
	listing, err := open.list(ctx)
	if err != nil {
		return s, err
	}
	const so = "an import would miss groups"
	if !listing.Complete {
		return s, notWhole(listing, so)
	}
	if err := open.probe(ctx, listing, s.claims, so); err != nil {
		return s, err
	}
	s.groups = listing.Groups
	err = i.complete(ctx, open, &s, o)
	return s, err
}

// matches reports whether a group is one of those that are asked for. Of what the API does
// not show it cannot be told: such a group matches, and its manifest says so.
func (i *importer) matches(g *remote.Group) bool {
	if i.name != "" && !g.Unknown.Has(remote.FieldName) {
		if matches, _ := path.Match(i.name, g.Name); !matches { // options has tried the pattern
			return false
		}
	}
	return i.archived == "" || g.Unknown.Has(remote.FieldArchivedAt) || (i.archived == "true") == g.Archived()
}

// readClaims asks the cluster which remote groups its Groups claim, and which names
// are taken in the namespace.
func (i *importer) readClaims(ctx context.Context, c *cluster, endpoint string, s *source) error {
	if err := c.checkNamespace(ctx); errors.As(err, new(*namespaceError)) {
		s.homeless = err.Error() + " in this cluster: create it before you apply this"
	} else if err != nil {
		return err
	}
	k, err := everywhere(ctx, c, i.ErrOut)
	if err != nil {
		return err
	}
	for _, g := range k.groups {
		if g.Namespace == c.namespace {
			s.taken[g.Name] = ""
		}
	}
	s.claims = claimsOf(k.ofAccount(endpoint))
	for id, claimants := range s.claims {
		for _, g := range claimants {
			if g.Namespace == c.namespace {
				s.taken[g.Name] = id
			}
		}
	}
	return nil
}

// choose makes the manifests that are wanted, by name, and says which groups the cluster has.
func (i *importer) choose(s source, o manifest.Options) (manifests []manifest.Manifest, known []string) {
	names := manifest.Names(s.groups, s.taken, s.kept) // of all, so that filters change no name
	for _, g := range s.groups {
		if !i.matches(&g) {
			continue
		}
		if claimants := s.claims[g.ID]; len(claimants) > 0 && i.unclaimed {
			known = append(known, claimants[0].Namespace+"/"+claimants[0].Name)
			continue
		}
		manifests = append(manifests, s.of(g, names[g.ID], o))
	}
	slices.SortFunc(manifests, func(a, b manifest.Manifest) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(known)
	return manifests, known
}

func (i *importer) print(manifests []manifest.Manifest, o manifest.Options) error {
	if i.output == "" || i.output == "yaml" {
		for n := range manifests {
			text, err := manifests[n].YAML(o.Namespace)
			if err != nil {
				return err
			}
			fmt.Fprint(i.Out, "---\n"+text)
		}
		return nil
	}
	out := output{}
	for _, name := range []string{"name", "id", "archived", "remote name"} {
		out.columns = append(out.columns, column(name, false))
	}
	out.columns = append(out.columns, column("not declared", true))
	items := []any{}
	for n := range manifests {
		m := &manifests[n]
		out.rows = append(out.rows, row(m.Name, m.Remote.ID, m.Remote.Archived(), m.Remote.Name, strings.Join(append(m.LeftOut, m.Undeclarable), "; ")))
		if m.Undeclarable == "" {
			items, out.names = append(items, m.Document(o.Namespace)), append(out.names, "group.klink.cloud/"+m.Name)
		}
	}
	out.objects = map[string]any{"apiVersion": "v1", "kind": "List", "items": items}
	return i.write(i.Out, out)
}

// summary counts on stderr what was not declared; there is an exit code for it.
func (i *importer) summary(manifests []manifest.Manifest, known int, homeless string) error {
	whole, part := 0, 0
	for n := range manifests {
		switch m := &manifests[n]; {
		case m.Undeclarable != "":
			whole++
		case !m.Complete():
			part++
		}
	}
	switch {
	case len(manifests)+known == 0:
		fmt.Fprintln(i.ErrOut, "nothing to declare: the account shows no group, or none that is asked for")
	case len(manifests) == 0:
		fmt.Fprintf(i.ErrOut, "nothing to declare: %s in the cluster already\n", counted(known, "group"))
	default:
		fmt.Fprintf(i.ErrOut, "%d of %s declared, %d of them in part; %d cannot be declared; %d in the cluster already\n",
			len(manifests)-whole, counted(len(manifests)+known, "group"), part, whole, known)
	}
	if homeless != "" {
		fmt.Fprintln(i.ErrOut, "warning:", homeless)
	}
	if whole+part > 0 || homeless != "" {
		return errFound
	}
	return nil
}
