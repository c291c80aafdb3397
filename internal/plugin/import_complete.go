// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"slices"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/manifest"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// samplesPerEnd is how many groups are read, at each end, to find out whether the listing
// shows all of a group.
const samplesPerEnd = 3

// complete reads the groups, by GET, of which the listing does not show all that a manifest
// says. A short list of members that is declared as all of them would take the others out.
func (i *importer) complete(ctx context.Context, open *reader, s *source, o manifest.Options) error {
	defer open.progress.clear()
	read := map[string]bool{}
	short, err := s.readAll(ctx, open, o, read, s.samples(i, o))
	if err != nil {
		return err
	}
	var lacking []int
	for n := range s.groups {
		if (short || o.Lacks(s.groups[n])) && i.wants(s, &s.groups[n]) {
			lacking = append(lacking, n)
		}
	}
	_, err = s.readAll(ctx, open, o, read, lacking)
	return err
}

// readAll reads these groups, and says whether one has shown more than the listing did.
func (s *source) readAll(ctx context.Context, open *reader, o manifest.Options, read map[string]bool, which []int) (short bool, err error) {
	for done, n := range which {
		listed := s.groups[n]
		if read[listed.ID] {
			continue
		}
		read[listed.ID] = true
		open.progress.say("reading group %d of %d", done+1, len(which))
		group, err := open.get(ctx, listed.ID)
		switch klink.KindOf(err) {
		case klink.KindNotFound, klink.KindSpelling:
			s.refused[listed.ID] = "the API lists it, and answers otherwise when it is asked for: " + err.Error()
			continue
		case klink.KindRejected, klink.KindForbidden, klink.KindServer, klink.KindThrottled, klink.KindBadReply, klink.KindIntermediary:
			s.unread[listed.ID] = "reading the group failed: " + err.Error()
			continue
		case klink.KindUnauthorized, klink.KindNetwork, klink.KindReadOnly:
		}
		if err != nil {
			return false, err
		}
		s.groups[n] = group.Over(listed)
		short = short || showsLess(listed, s.groups[n], o)
	}
	return short, nil
}

// wants reports whether the group is among those that are to be written. Of one whose name
// cannot be read that is not known.
func (i *importer) wants(s *source, g *remote.Group) bool {
	return i.matches(g) && (len(s.claims[g.ID]) == 0 || !i.unclaimed)
}

// samples are the groups that a listing which is cut short would show otherwise than a
// read does: those with the most and with the fewest members, and with the longest description.
func (s *source) samples(i *importer, o manifest.Options) []int {
	var wanted []int
	for n := range s.groups {
		if i.wants(s, &s.groups[n]) {
			wanted = append(wanted, n)
		}
	}
	var chosen []int
	pick := func(size func(g *remote.Group) int) {
		slices.SortStableFunc(wanted, func(a, b int) int { return cmp.Compare(size(&s.groups[a]), size(&s.groups[b])) })
		chosen = append(chosen, wanted[max(0, len(wanted)-samplesPerEnd):]...)
	}
	if o.Needed().Has(remote.FieldContacts) {
		pick(func(g *remote.Group) int { return len(g.Contacts) })
		pick(func(g *remote.Group) int { return -len(g.Contacts) })
	}
	if o.Needed().Has(remote.FieldDescription) {
		pick(func(g *remote.Group) int { return len(g.Description) })
	}
	return chosen
}

// showsLess reports whether a listing has shown other values of what is needed than a read.
func showsLess(listed, read remote.Group, o manifest.Options) bool {
	needed := o.Needed() &^ listed.Unknown
	return needed.Has(remote.FieldContacts) && !slices.Equal(sortedNames(listed.Contacts), sortedNames(read.Contacts)) ||
		needed.Has(remote.FieldDescription) && listed.Description != read.Description ||
		needed.Has(remote.FieldAvatarURL) && listed.AvatarURL != read.AvatarURL
}

func sortedNames(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// of is the manifest of a group, with what reading it has met.
func (s *source) of(g remote.Group, name string, o manifest.Options) manifest.Manifest {
	m := manifest.Of(g, name, o)
	if m.Undeclarable == "" {
		m.Undeclarable = s.refused[g.ID]
	}
	if problem := s.unread[g.ID]; problem != "" && o.Lacks(g) {
		m.LeftOut = append(m.LeftOut, problem)
	}
	return m
}
