// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"context"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// rights are what the manager does without, where it has Roles alone.
type rights struct {
	namespacedOnly bool
	// unserved is set where the CRD of Groups cannot be read.
	unserved func() (bool, error)
}

func (r rights) connectionKinds() []v1alpha1.ConnectionKind {
	if r.namespacedOnly {
		return []v1alpha1.ConnectionKind{v1alpha1.KindConnection}
	}
	return []v1alpha1.ConnectionKind{v1alpha1.KindConnection, v1alpha1.KindClusterConnection}
}

func findRights(ctx context.Context, mgr manager.Manager, s settings) (r rights, err error) {
	if r.namespacedOnly, err = namespacedOnly(ctx, mgr, s); err != nil || !r.namespacedOnly {
		return r, err
	}
	r.unserved, err = unserved(mgr)
	return r, err
}

// namespacedOnly asks whether this manager goes without ClusterConnections: it was
// given namespaces, and rights in these alone. A manager of all namespaces needs
// the rights, and fails without.
func namespacedOnly(ctx context.Context, mgr manager.Manager, s settings) (bool, error) {
	if len(s.namespaces) == 0 {
		return false, nil
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Resource: "clusterconnections", Verb: "watch",
		},
	}}
	if err := mgr.GetClient().Create(ctx, review); err != nil {
		return false, fmt.Errorf("asking whether ClusterConnections may be read: %w", err)
	}
	if review.Status.EvaluationError != "" && !review.Status.Allowed {
		return false, fmt.Errorf("asking whether ClusterConnections may be read: %s", review.Status.EvaluationError)
	}
	if !review.Status.Allowed {
		mgr.GetLogger().Info("ClusterConnections are left out: the manager has rights in its namespaces alone", "namespaces", s.namespaces)
	}
	return !review.Status.Allowed, nil
}

// unserved asks discovery, which everybody may read, whether Groups can no longer
// be written: the API server takes the writing verbs from a CRD that is being
// deleted, and serves nothing of one that is gone.
func unserved(mgr manager.Manager) (func() (bool, error), error) {
	client, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("setting up discovery: %w", err)
	}
	return func() (bool, error) {
		resources, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("discovering %s: %w", v1alpha1.GroupVersion, err)
		}
		return !slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool {
			return r.Name == "groups" && slices.Contains(r.Verbs, "patch")
		}), nil
	}, nil
}
