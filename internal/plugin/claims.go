// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
)

// known are the Groups and connections that a person may read.
type known struct {
	groups      []v1alpha1.Group
	connections []v1alpha1.ConnectionObject
	// partial: those of other namespaces may not be read.
	partial bool
	// of is the namespace that was read; empty is all.
	of string
}

// again reads the Groups once more.
func (k *known) again(ctx context.Context, c *cluster) (err error) {
	k.groups, err = c.groups(ctx, k.of)
	return err
}

// everywhere reads all Groups and connections that may be read, and says so where these
// are not all.
func everywhere(ctx context.Context, c *cluster, warn io.Writer) (k known, err error) {
	namespace := ""
	if k.groups, err = c.groups(ctx, namespace); apierrors.IsForbidden(err) {
		namespace, k.partial = c.namespace, true
		fmt.Fprintf(warn, "warning: you may not list the Groups of all namespaces; only those of %s are known here\n", c.namespace)
		k.groups, err = c.groups(ctx, namespace)
	}
	k.of = namespace
	if err != nil {
		return k, err
	}
	k.connections, _, err = c.connections(ctx, namespace) // a hidden one is taken to lead to any account
	return k, err
}

// ofAccount are the Groups of an account. Those whose connection leads to another endpoint
// name no id of it.
func (k *known) ofAccount(endpoint string) (groups []*v1alpha1.Group) {
	endpoints := map[string]string{}
	for _, c := range k.connections {
		endpoints[c.GetNamespace()+"/"+c.GetName()] = account.NormalEndpoint(c.GetConnectionSpec().Endpoint)
	}
	for i := range k.groups {
		g := &k.groups[i]
		key := g.Namespace + "/" + connectionOf(g).Name
		if connectionOf(g).Kind == v1alpha1.KindClusterConnection {
			key = "/" + connectionOf(g).Name
		}
		if at, known := endpoints[key]; !known || at == account.NormalEndpoint(endpoint) {
			groups = append(groups, g)
		}
	}
	return groups
}

// claims are the Groups of one account by the remote id that they name.
type claims map[string][]*v1alpha1.Group

// claimsOf sorts Groups by the ids that they name, in status, annotation or spec.
func claimsOf(groups []*v1alpha1.Group) claims {
	by := claims{}
	for _, g := range groups {
		if id := facts.WantedID(g, facts.Memory{}); id != "" {
			by[id] = append(by[id], g)
		}
	}
	return by
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
