// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// asDocumented runs the commands that docs/install.md gives below the heading.
func asDocumented(heading string) func(context.Context, *show) error {
	return func(ctx context.Context, s *show) error {
		page, err := os.ReadFile("docs/install.md")
		if err != nil {
			return err
		}
		commands := commandsBelow(string(page), heading)
		if commands == "" {
			return fmt.Errorf("docs/install.md has no commands below %q", heading)
		}
		_, err = s.shell(ctx, commands)
		return err
	}
}

// commandsBelow are the indented lines between the heading and the next one.
func commandsBelow(page, heading string) string {
	_, section, _ := strings.Cut(page, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	var commands []string
	for line := range strings.Lines(section) {
		if command, indented := strings.CutPrefix(line, "    "); indented {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, "")
}

// operatorIsRemoved removes the operator without its CRDs. Groups and remote groups
// stay, and go on when it comes back.
func operatorIsRemoved(ctx context.Context, s *show) (string, error) {
	before, err := s.remote.groups(ctx)
	if err != nil {
		return "", err
	}
	if err := s.way.removeAlone(ctx, s); err != nil {
		return "", err
	}
	if pods, err := s.pods(ctx); err != nil || len(pods) > 0 {
		return "", errors.Join(err, fmt.Errorf("%d pods of the manager are left", len(pods)))
	}
	if err := s.roles(ctx, 0); err != nil {
		return "", err
	}
	// A change that waits shows that it is the new installation which goes on.
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"description":"Back again."}}`))
	plaza := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: ours, Name: "plaza"}}
	if err := s.Patch(ctx, plaza, patch); err != nil {
		return "", err
	}
	if diff, err := s.since(ctx, before); err != nil || diff != "" {
		return "", errors.Join(err, fmt.Errorf("remote groups changed without an operator: %s", diff))
	}
	if _, err := install(ctx, s); err != nil {
		return "", err
	}
	return "", s.change(ctx, `{"description": "Back again."}`, func(g group) bool {
		return g.Description != nil && *g.Description == "Back again."
	})
}

// roles counts the ClusterRoles and bindings that are labelled as the operator's.
func (s *show) roles(ctx context.Context, want int) error {
	out, err := s.kubectl(ctx, "", "get", "clusterrole,clusterrolebinding", "-l", operatorPods, "-o", "name")
	if err != nil {
		return err
	}
	if got := len(strings.Fields(out)); got != want {
		return fmt.Errorf("%d roles and bindings, want %d: %s", got, want, out)
	}
	return nil
}

// since is how the remote groups differ from what they were.
func (s *show) since(ctx context.Context, before map[string][]group) (string, error) {
	after, err := s.remote.groups(ctx)
	return cmp.Diff(before, after), err
}

// everythingIsRemoved removes the operator, its CRDs and the Groups with them. The
// remote groups stay as they are.
func everythingIsRemoved(ctx context.Context, s *show) (string, error) {
	before, err := s.remote.groups(ctx)
	if err != nil {
		return "", err
	}
	if err := s.way.removeAll(ctx, s); err != nil {
		return "", err
	}
	if diff, err := s.since(ctx, before); err != nil || diff != "" {
		return "", errors.Join(err, fmt.Errorf("remote groups changed: %s", diff))
	}
	if err := s.clear(ctx); err != nil {
		return "", err
	}
	if err := s.clusterIsFree(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d names", len(before)), s.roles(ctx, 0)
}

// clear removes what the steps have made, whichever of them have run.
func (s *show) clear(ctx context.Context) error {
	var errs []error
	for _, args := range []string{
		"delete crd -l " + operatorPods + " --ignore-not-found --timeout=1m",
		"delete clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding -l " + operatorPods + " --ignore-not-found",
		"delete clusterrolebinding " + ours + "-metrics --ignore-not-found",
		"delete namespace " + operatorNamespace + " " + ours + " --ignore-not-found",
	} {
		_, err := s.kubectl(ctx, "", strings.Fields(args)...)
		errs = append(errs, err)
	}
	errs = append(errs, eventually(ctx, func(ctx context.Context) error {
		for _, name := range []string{operatorNamespace, ours} {
			if err := s.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
				return errors.Join(err, fmt.Errorf("namespace %s is still there", name))
			}
		}
		return nil
	}))
	return errors.Join(errs...)
}

// clearAfterFailure leaves the cluster as it was. It goes on where the context has
// ended, and where no operator is left to release the Groups.
func (s *show) clearAfterFailure(ctx context.Context) error {
	if s.auditLog != "" {
		return nil // a node of its own goes as a whole
	}
	ctx = context.WithoutCancel(ctx)
	_ = asDocumented("### Groups that are left without an operator")(ctx, s) // it fails where there are no CRDs
	return s.clear(ctx)
}
