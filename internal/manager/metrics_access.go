// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsAccess lets in who may get the path, as the API server says. The filter of
// controller-runtime does the same, but answers 500, and logs an error, for a token that
// has expired or is broken: the API server explains such a refusal, and it takes each
// explanation for a failure.
func metricsAccess(config *rest.Config, httpClient *http.Client) (metricsserver.Filter, error) {
	api, err := client.New(config, client.Options{HTTPClient: httpClient})
	if err != nil {
		return nil, fmt.Errorf("setting up the access to metrics: %w", err)
	}
	return func(logger logr.Logger, handler http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			status, err := access(req, api)
			if err != nil {
				logger.Error(err, "Could not ask who reads the metrics")
			}
			if status != http.StatusOK {
				http.Error(w, http.StatusText(status), status)
				return
			}
			handler.ServeHTTP(w, req)
		}), nil
	}, nil
}

// access is the status that a request deserves. An error means that the API server could
// not be asked; it never quotes the token.
func access(req *http.Request, api client.Client) (status int, _ error) {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return http.StatusUnauthorized, nil
	}
	who := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	if err := api.Create(req.Context(), who); err != nil {
		return http.StatusServiceUnavailable, fmt.Errorf("creating a TokenReview: %w", err)
	}
	if !who.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	user := who.Status.User
	may := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, Groups: user.Groups, UID: user.UID, Extra: map[string]authorizationv1.ExtraValue{},
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: req.URL.Path, Verb: strings.ToLower(req.Method)},
	}}
	for key, values := range user.Extra {
		may.Spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	if err := api.Create(req.Context(), may); err != nil {
		return http.StatusServiceUnavailable, fmt.Errorf("creating a SubjectAccessReview: %w", err)
	}
	if !may.Status.Allowed {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
