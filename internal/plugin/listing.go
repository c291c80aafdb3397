// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// notWhole says that an account is not known as a whole, why, and what follows.
func notWhole(listing klink.Listing, so string) error {
	why := ""
	if listing.Why != "" {
		why = " (" + listing.Why + ")"
	}
	return fmt.Errorf("the account cannot be listed completely%s, so that %s", why, so)
}

// mostProbed is how many groups are asked for that a listing lacks.
const mostProbed = 20

// probe asks the API for groups that Groups are bound to, and that a listing lacks although it
// says that it is complete: some APIs show archived groups in no list. The Groups were read
// before the listing began.
func (a *reader) probe(ctx context.Context, listing klink.Listing, by claims, so string) error {
	defer a.progress.clear()
	shown := map[string]bool{}
	for _, g := range listing.Groups {
		shown[g.ID] = true
	}
	var lacking []*v1alpha1.Group
	for _, g := range by.inOrder() {
		if g.Status.ID != "" && !shown[g.Status.ID] {
			lacking = append(lacking, g)
		}
	}
	archivedFirst := func(a, b *v1alpha1.Group) int { return cmp.Compare(rank(a), rank(b)) }
	slices.SortStableFunc(lacking, archivedFirst)
	lacking = lacking[:min(len(lacking), mostProbed)]
	for n, g := range lacking {
		a.progress.say("reading group %d of %d that the list lacks", n+1, len(lacking))
		_, err := a.get(ctx, g.Status.ID)
		switch klink.KindOf(err) {
		case klink.KindNotFound, klink.KindSpelling, klink.KindForbidden:
			continue
		default:
		}
		if err != nil {
			return err
		}
		listing.Why = fmt.Sprintf("the list lacks %s, to which kgrp %s/%s is bound and which the API shows when it is asked for", g.Status.ID, g.Namespace, g.Name)
		return notWhole(listing, so)
	}
	return nil
}

func rank(g *v1alpha1.Group) int {
	if g.Status.ArchivedAt != nil {
		return 0
	}
	return 1
}
