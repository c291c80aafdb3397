// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/klink-cloud/klink-operator/internal/account"
)

// serves reports whether this manager serves a connection, and the Groups that name it.
// One that is not there is like one without labels: of managers whose selectors are
// disjoint and complete, exactly one tells its Groups that it is missing.
func (g Groups) serves(ctx context.Context, key account.Key) (bool, error) {
	if g.Selector == nil {
		return true, nil
	}
	object, err := g.connection(ctx, key)
	if apierrors.IsNotFound(err) {
		return g.Selector.Matches(labels.Set{}), nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", key, err)
	}
	return g.selects(object), nil
}

func (g Groups) selects(object connectionObject) bool {
	return g.Selector == nil || g.Selector.Matches(labels.Set(object.GetLabels()))
}
