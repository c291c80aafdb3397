// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// ConnectionRules are what the manager's flags say of all connections.
type ConnectionRules struct {
	// OperatorNamespace holds the Secrets of ClusterConnections.
	OperatorNamespace string
	// AllowedEndpoints are those that a namespaced Connection may use.
	AllowedEndpoints Endpoints
	// UserAgent goes with every call.
	UserAgent string
	// DryRun refuses every call but GET.
	DryRun bool
	// ListingBytes is what the groups of one account may take in memory; 0 is the default.
	ListingBytes int
	// Transport is for tests; nil is the default.
	Transport http.RoundTripper
}

// problem is what a person has to fix before the connection can work.
type problem struct {
	reason  string
	message string
}

// configure brings the account up to what spec, annotations and Secret say.
func (r *ConnectionReconciler) configure(ctx context.Context, object connectionObject, a *account.Account) (*problem, error) {
	spec := object.GetConnectionSpec()
	if r.Kind == v1alpha1.KindConnection && !r.Rules.AllowedEndpoints.Allow(spec.Endpoint) {
		p := &problem{reason: v1alpha1.ReasonEndpointNotAllowed, message: fmt.Sprintf(
			"endpoint %s is not among those that the operator allows to Connections (--allowed-endpoints: %s); use one of these, or ask for a ClusterConnection",
			spec.Endpoint, r.Rules.AllowedEndpoints)}
		a.Block(p.message, true)
		return p, nil
	}
	token, p, err := r.token(ctx, object)
	if err != nil {
		return nil, err
	}
	if p != nil {
		// A new endpoint never sees the token that was meant for the old one.
		configured, _ := a.Configured()
		moved := configured.Endpoint != "" && configured.Endpoint != spec.Endpoint
		a.Block(p.message, moved)
		return p, nil
	}
	settings := account.Settings{
		Endpoint: spec.Endpoint, Token: token, CABundle: spec.CABundle, UserAgent: r.Rules.UserAgent, ReadOnly: r.Rules.DryRun, Transport: r.Rules.Transport,
		Resync: spec.ResyncInterval.Duration, PerSecond: float64(spec.RateLimit.RequestsPerSecond), Burst: int(spec.RateLimit.Burst),
		ListingBytes: r.Rules.ListingBytes,
		Dialect:      klink.Dialect(object.GetConnectionStatus().Pagination),
	}
	if account.IsBundleSum(spec.CABundle) && !a.Knows(settings) {
		whole, err := r.whole(ctx, object)
		if err != nil {
			return nil, err
		}
		if whole == nil {
			return nil, fmt.Errorf("%s %s is gone, or another by now", r.Kind, client.ObjectKeyFromObject(object))
		}
		settings.CABundle = whole.GetConnectionSpec().CABundle
	}
	if err := a.Configure(settings); err != nil {
		p = &problem{reason: v1alpha1.ReasonSecretInvalid, message: err.Error()}
		// Nor does what was wrong with the new roots keep calls going to the old endpoint.
		configured, _ := a.Configured()
		a.Block(p.message, configured.Endpoint != "" && configured.Endpoint != spec.Endpoint)
	}
	// After a new endpoint or token, which lets go of what was accepted for the old.
	if from, ok := acceptMissing(object, time.Now()); ok {
		a.AcceptMissing(from)
	}
	return p, nil
}

// token reads the token out of the Secret, with a live get: the operator may
// neither list nor watch Secrets.
func (r *ConnectionReconciler) token(ctx context.Context, object connectionObject) (string, *problem, error) {
	ref := object.GetConnectionSpec().TokenSecretRef
	key := client.ObjectKey{Namespace: object.GetNamespace(), Name: ref.Name}
	if r.Kind == v1alpha1.KindClusterConnection {
		key.Namespace = r.Rules.OperatorNamespace
	}
	var secret corev1.Secret
	// Without a logger: from verbosity 8 on, client-go logs what it is answered.
	err := r.Live.Get(log.IntoContext(ctx, log.FromContext(ctx).WithSink(nil)), key, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return "", &problem{reason: v1alpha1.ReasonSecretNotFound, message: fmt.Sprintf(
			"Secret %s/%s does not exist; create it with the API token under key %q", key.Namespace, key.Name, ref.Key)}, nil
	case err != nil:
		return "", nil, fmt.Errorf("reading Secret %s: %w", key, err)
	}
	token := strings.TrimSpace(string(secret.Data[ref.Key]))
	if why := unusable(secret.Data, ref.Key, token); why != "" {
		return "", &problem{reason: v1alpha1.ReasonSecretInvalid, message: fmt.Sprintf("Secret %s/%s %s", key.Namespace, key.Name, why)}, nil
	}
	return token, nil, nil
}

// unusable says why a token cannot be sent; it never quotes it.
func unusable(data map[string][]byte, key, token string) string {
	if _, ok := data[key]; !ok {
		return fmt.Sprintf("has no key %q; put the API token there, or set tokenSecretRef.key", key)
	}
	if token == "" {
		return fmt.Sprintf("has an empty key %q; put the API token there", key)
	}
	if len(token) > klink.MaxToken {
		return fmt.Sprintf("has %d bytes under key %q; a token has %d at most", len(token), key, klink.MaxToken)
	}
	if klink.CheckToken(token) != nil {
		return fmt.Sprintf("has white space, control characters or non-ASCII characters within key %q; a token has none", key)
	}
	return ""
}

// acceptMissing reads the annotation; an instant in the future is not accepted.
func acceptMissing(object client.Object, now time.Time) (time.Time, bool) {
	from, err := time.Parse(time.RFC3339, object.GetAnnotations()[v1alpha1.AnnotationAcceptMissing])
	return from, err == nil && !from.After(now)
}
