// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
)

// claims are the Groups of one account by the remote id that they name.
type claims map[string][]*v1alpha1.Group

// claimsOf sorts Groups by the ids that they name, in status, annotation or spec. A
// Group whose connection leads to another endpoint names no id of this account.
func claimsOf(groups []v1alpha1.Group, connections []v1alpha1.ConnectionObject, endpoint string) claims {
	endpoints := map[string]string{}
	for _, c := range connections {
		endpoints[c.GetNamespace()+"/"+c.GetName()] = account.NormalEndpoint(c.GetConnectionSpec().Endpoint)
	}
	by := claims{}
	for i := range groups {
		g := &groups[i]
		key := g.Namespace + "/" + connectionOf(g).Name
		if connectionOf(g).Kind == v1alpha1.KindClusterConnection {
			key = "/" + connectionOf(g).Name
		}
		if at, known := endpoints[key]; known && at != account.NormalEndpoint(endpoint) {
			continue
		}
		if id := facts.WantedID(g, facts.Memory{}); id != "" {
			by[id] = append(by[id], g)
		}
	}
	return by
}

// everywhere reads all Groups and connections that may be read, and says so where these
// are not all.
func (p *plugin) everywhere(ctx context.Context, c *cluster) ([]v1alpha1.Group, []v1alpha1.ConnectionObject, error) {
	for _, namespace := range []string{"", c.namespace} {
		groups, err := c.groups(ctx, namespace)
		if err == nil {
			var connections []v1alpha1.ConnectionObject
			connections, err = c.connections(ctx, namespace)
			if err == nil {
				return groups, connections, nil
			}
		}
		if namespace != "" || !apierrors.IsForbidden(err) {
			return nil, nil, err
		}
		fmt.Fprintf(p.ErrOut, "warning: you may not list the Groups of all namespaces; only those of %s are known here\n", c.namespace)
	}
	return nil, nil, nil
}

// inOrder are the Groups by namespace and name.
func (c claims) inOrder() []*v1alpha1.Group {
	var all []*v1alpha1.Group
	for _, groups := range c {
		all = append(all, groups...)
	}
	slices.SortFunc(all, func(a, b *v1alpha1.Group) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return all
}
