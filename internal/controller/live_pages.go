// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	// mostNamesakes is how many Groups of one name are read one by one; of more, all Groups
	// are read.
	mostNamesakes = 50
	// fullPage is how many Groups are read at a time, and largePage how many where one may be
	// as large as etcd takes it: many of these took more memory than the manager has.
	fullPage, largePage = 500, 25
)

// eachPage reads Groups from the API server, some at a time, without what makes them large.
func (o *owners) eachPage(ctx context.Context, visit func([]*v1alpha1.Group) error, selector ...client.ListOption) error {
	size := int64(fullPage)
	if large, err := o.groups.anyLarge(); err != nil || large {
		size = largePage
	}
	namespaces := o.namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		for next := ""; ; {
			groups, more, err := o.page(ctx, append(slices.Clone(selector), client.InNamespace(namespace), client.Limit(size), client.Continue(next)))
			if err != nil {
				return err
			}
			if err := visit(groups); err != nil {
				return err
			}
			if next = more; next == "" {
				break
			}
		}
	}
	return nil
}

// page reads some Groups, while nobody else does, and tells how to go on.
func (o *owners) page(ctx context.Context, options []client.ListOption) (groups []*v1alpha1.Group, next string, _ error) {
	select {
	case o.pages <- struct{}{}:
		defer func() { <-o.pages }()
	case <-ctx.Done():
		return nil, "", fmt.Errorf("looking for the owner of a remote group: %w", ctx.Err())
	}
	var list v1alpha1.GroupList
	if err := o.live.List(ctx, &list, options...); err != nil {
		return nil, "", fmt.Errorf("looking for the owner of a remote group: %w", err)
	}
	for i := range list.Items {
		group := &list.Items[i]
		group.ManagedFields = nil
		CacheLight(group)
		groups = append(groups, group)
	}
	return groups, list.Continue, nil
}
