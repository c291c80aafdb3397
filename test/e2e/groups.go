// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// firstGroups are what a user begins with. Each shows another way to be deleted.
const firstGroups = `
apiVersion: klink.cloud/v1alpha1
kind: ClusterConnection
metadata: {name: default}
spec:
  endpoint: http://klink-simulator.` + ours + `.svc:8080/api/v1
  tokenSecretRef: {name: klink-token}
  resyncInterval: 10s
  allowDelete: true
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: plaza, namespace: ` + ours + `}
spec: {name: Plaza Hotel, description: World-renowned., contacts: [{username: Hector}]}
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: savoy, namespace: ` + ours + `}
spec: {name: Savoy}
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: ritz, namespace: ` + ours + `}
spec: {name: Ritz, deletionPolicy: Delete}
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: carlton, namespace: ` + ours + `}
spec: {name: Carlton, deletionPolicy: Orphan}
`

func groupsAreCreated(ctx context.Context, s *show) (string, error) {
	if err := s.Create(ctx, s.secret(operatorNamespace)); err != nil {
		return "", err
	}
	if _, err := s.kubectl(ctx, firstGroups, "apply", "-f", "-"); err != nil {
		return "", err
	}
	names := map[string]string{"plaza": "Plaza Hotel", "savoy": "Savoy", "ritz": "Ritz", "carlton": "Carlton"}
	for object, name := range names {
		g, err := s.synced(ctx, object)
		if err != nil {
			return "", err
		}
		found, err := s.remote.the(ctx, name)
		if err != nil {
			return "", err
		}
		if found.ID != g.Status.ID || g.Status.ConversationID == "" {
			return "", fmt.Errorf("group %s has the id %q and the conversation %q; the remote id is %q", object, g.Status.ID, g.Status.ConversationID, found.ID)
		}
	}
	return fmt.Sprintf("%d, with their ids in status", len(names)), nil
}

// synced waits until the Group says that it is as declared.
func (s *show) synced(ctx context.Context, name string) (*v1alpha1.Group, error) {
	var g v1alpha1.Group
	err := eventually(ctx, func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: ours, Name: name}, &g); err != nil {
			return err
		}
		ready := meta.FindStatusCondition(g.Status.Conditions, "Ready")
		if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != g.Generation {
			return fmt.Errorf("group %s is not ready: %+v", name, ready)
		}
		return nil
	})
	return &g, err
}

// change patches the spec of the Group plaza and waits until the remote group shows it.
func (s *show) change(ctx context.Context, spec string, shows func(group) bool) error {
	if _, err := s.kubectl(ctx, "", "patch", "kgrp", "plaza", "-n", ours, "--type=merge", "-p", `{"spec":`+spec+`}`); err != nil {
		return err
	}
	if _, err := s.synced(ctx, "plaza"); err != nil {
		return err
	}
	found, err := s.remote.the(ctx, "Plaza Hotel")
	if err == nil && !shows(found) {
		err = fmt.Errorf("%s was declared and reported as done, but the remote group is %+v", spec, found)
	}
	return err
}

func groupIsChanged(ctx context.Context, s *show) (string, error) {
	return "", s.change(ctx, `{"description": "The finest.", "contacts": [{"username": "Hector"}, {"username": "Ida"}]}`,
		func(g group) bool {
			return g.Description != nil && *g.Description == "The finest." && len(g.Contacts) == 2
		})
}

func groupIsArchived(ctx context.Context, s *show) (string, error) {
	if err := s.change(ctx, `{"archived": true}`, func(g group) bool { return g.ArchivedAt != nil }); err != nil {
		return "", err
	}
	return "", s.change(ctx, `{"archived": false}`, func(g group) bool { return g.ArchivedAt == nil })
}

func groupsAreDeleted(ctx context.Context, s *show) (string, error) {
	for _, object := range []string{"savoy", "ritz", "carlton"} {
		if err := s.deleteGroup(ctx, object); err != nil {
			return "", err
		}
	}
	all, err := s.remote.groups(ctx)
	if err != nil {
		return "", err
	}
	archived, deleted, orphaned := all["Savoy"], all["Ritz"], all["Carlton"]
	switch {
	case len(archived) != 1 || archived[0].ArchivedAt == nil:
		return "", fmt.Errorf("policy Archive left %+v", archived)
	case len(deleted) != 0:
		return "", fmt.Errorf("policy Delete left %+v", deleted)
	case len(orphaned) != 1 || orphaned[0].ArchivedAt != nil:
		return "", fmt.Errorf("policy Orphan left %+v", orphaned)
	}
	return "Archive, Delete, Orphan", nil
}

// deleteGroup deletes the Group and waits until it is gone.
func (s *show) deleteGroup(ctx context.Context, name string) error {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: ours, Name: name}}
	if err := s.Delete(ctx, g); err != nil {
		return err
	}
	return eventually(ctx, func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(g), g)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("group %s is still there: %+v", name, g.Status.Conditions))
	})
}
