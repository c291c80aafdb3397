// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// completionPatience bounds what a completion may take: a person waits at the keyboard.
const completionPatience = 3 * time.Second

// completer completes what is read from the kubeconfig and from the cluster, as kubectl does.
type completer struct{ *plugin }

// groups completes the names of Groups.
func (p completer) groups(c *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
	others := func(ctx context.Context, c *cluster) (names []string, _ error) {
		groups, err := c.groups(ctx, c.namespace)
		for _, g := range groups {
			if !contains(given, g.Name) {
				names = append(names, g.Name)
			}
		}
		return names, err
	}
	return p.read(others)(c, given, typed)
}

// completeFlags completes the values of flags that have few.
func completeFlags(root *cobra.Command) {
	values := map[string][]string{
		"output": {"table", "wide", "name", "json", "yaml"}, "contacts": {"none", string(v1alpha1.ContactsExact), string(v1alpha1.ContactsAtLeast)},
		"archived": {"true", "false"}, "fields": {"description", "avatarURL"},
	}
	for _, c := range root.Commands() {
		for name, fixed := range values {
			if c.Flags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(fixed, cobra.ShellCompDirectiveNoFileComp)) // the flag exists, and once
			}
		}
	}
}

// flags completes the values of flags.
func (p completer) flags(root *cobra.Command) {
	kubeconfig := func(names func(*clientcmdapi.Config) []string) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			config, err := p.config.ToRawKubeConfigLoader().RawConfig()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return names(&config), cobra.ShellCompDirectiveNoFileComp
		}
	}
	flags := map[string]cobra.CompletionFunc{
		"context":   kubeconfig(func(c *clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.Contexts)) }),
		"cluster":   kubeconfig(func(c *clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.Clusters)) }),
		"user":      kubeconfig(func(c *clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.AuthInfos)) }),
		"namespace": p.read(namespaces),
	}
	for name, complete := range flags {
		_ = root.RegisterFlagCompletionFunc(name, complete) // the flag exists, and once
	}
	for _, c := range root.Commands() {
		if c.Flags().Lookup("connection") != nil {
			_ = c.RegisterFlagCompletionFunc("connection", p.read(connections)) // as above
		}
		if c.Flags().Lookup("operator-namespace") != nil {
			_ = c.RegisterFlagCompletionFunc("operator-namespace", p.read(namespaces)) // as above
		}
	}
}

// read completes what the cluster has, as far as it may be listed.
func (p completer) read(names func(context.Context, *cluster) ([]string, error)) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), completionPatience)
		defer cancel()
		cluster, err := p.cluster()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		found, err := names(ctx, cluster)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func namespaces(ctx context.Context, c *cluster) (names []string, _ error) {
	var list corev1.NamespaceList
	err := c.List(ctx, &list)
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names, err
}

func connections(ctx context.Context, c *cluster) (names []string, _ error) {
	found, _, err := c.connections(ctx, c.namespace)
	for _, object := range found {
		names = append(names, kindName(object))
	}
	return names, err
}

func contains(names []string, name string) bool {
	for _, given := range names {
		if bareName(given) == name {
			return true
		}
	}
	return false
}

// bareName takes kgrp/NAME for NAME, as kubectl does.
func bareName(name string) string {
	_, bare, found := strings.Cut(name, "/")
	if !found {
		return name
	}
	return bare
}
