// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// completionPatience bounds what a completion may take: a person waits at the keyboard.
const completionPatience = 3 * time.Second

// completeGroups completes the names of Groups.
func (p *plugin) completeGroups(c *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(c.Context(), completionPatience)
	defer cancel()
	cluster, err := p.cluster()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	groups, err := cluster.groups(ctx, cluster.namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, g := range groups {
		if !contains(given, g.Name) {
			names = append(names, g.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFlags completes the values of flags that have few.
func (p *plugin) completeFlags(root *cobra.Command) {
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
