// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// toCompare reads the Groups that are meant: live ones, or what they would be once the
// manifests are applied.
func (o *comparer) toCompare(ctx context.Context, c *cluster, names []string) ([]v1alpha1.Group, error) {
	if len(o.files.Filenames) == 0 && o.files.Kustomize == "" {
		return c.chosen(ctx, names, o.selector, o.all || len(names) == 0 && o.selector == "")
	}
	infos, err := resource.NewBuilder(o.config).Unstructured().Local().
		NamespaceParam(c.namespace).DefaultNamespace().FilenameParam(*o.config.Namespace != "", &o.files).
		Flatten().Do().Infos()
	if err != nil {
		return nil, err
	}
	var groups []v1alpha1.Group
	seen := map[client.ObjectKey]bool{}
	for _, info := range infos {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok || object.GroupVersionKind().GroupKind() != v1alpha1.GroupVersion.WithKind("Group").GroupKind() {
			continue
		}
		if at := object.GroupVersionKind().GroupVersion(); at != v1alpha1.GroupVersion {
			return nil, fmt.Errorf("kgrp/%s: its apiVersion %s is not %s", object.GetName(), at, v1alpha1.GroupVersion)
		}
		g, err := c.applied(ctx, object)
		if err != nil {
			return nil, fmt.Errorf("kgrp/%s: %w", object.GetName(), err)
		}
		key := client.ObjectKeyFromObject(g)
		if seen[key] {
			return nil, fmt.Errorf("%s is there twice, and the one would undo the other", c.nameOf(g))
		}
		seen[key] = true
		groups = append(groups, *g)
	}
	if len(groups) == 0 {
		return nil, errors.New("there is no Group in these manifests")
	}
	return groups, nil
}

// applied is a manifest as it would stand in the cluster once it is applied, with the status
// of the Group that it changes: the API server tries it, with its defaults and checks.
func (c *cluster) applied(ctx context.Context, object *unstructured.Unstructured) (*v1alpha1.Group, error) {
	if object.GetNamespace() == "" {
		object.SetNamespace(c.namespace)
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(object.GroupVersionKind())
	err := c.Get(ctx, client.ObjectKeyFromObject(object), live)
	isNew := apierrors.IsNotFound(err)
	switch {
	case isNew:
		err = c.Create(ctx, object, client.DryRunAll, strict)
	case err == nil:
		err = c.tryApply(ctx, object, live)
	}
	if err != nil {
		return nil, err
	}
	g := &v1alpha1.Group{}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, g)
	if isNew {
		g.CreationTimestamp, g.ResourceVersion = metav1.Now(), "" // it is not there
		g.UID = types.UID("of " + g.Namespace + "/" + g.Name)     // nor has it one
	}
	return g, err
}

// strict has the API server refuse fields that it does not know.
const strict = client.FieldValidation("Strict")

// tryApply applies a manifest to a live Group in the way in which it was applied before: with
// server-side apply, or as kubectl does by itself, where what the manifest said before and
// says no longer goes away. What others have set, and no manifest ever said, stays.
func (c *cluster) tryApply(ctx context.Context, object, live *unstructured.Unstructured) error {
	for _, m := range live.GetManagedFields() {
		if m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == "" && bytes.Contains(m.FieldsV1.GetRawBytes(), []byte(`"f:spec"`)) {
			return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.DryRunAll, client.ForceOwnership, client.FieldOwner(m.Manager))
		}
	}
	modified, err := json.Marshal(object)
	if err != nil {
		return err
	}
	current, err := json.Marshal(live)
	if err != nil {
		return err
	}
	original := live.GetAnnotations()[corev1.LastAppliedConfigAnnotation]
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(original), modified, current)
	if err != nil {
		return err
	}
	object.Object = live.Object
	return c.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch), client.DryRunAll, strict)
}
