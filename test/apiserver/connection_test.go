// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// connectionKinds must be judged alike in what they share.
var connectionKinds = []string{"Connection", "ClusterConnection"}

func TestConnectionEndpoint(t *testing.T) {
	const (
		absolute = "spec.endpoint: endpoint must be an absolute URL with a host, for example https://api.klink.cloud/api/v1"
		userInfo = "spec.endpoint: endpoint must not contain user info: remove all up to the @"
		query    = "spec.endpoint: endpoint must have no query and no fragment: remove everything from the ? or # on"
		slash    = "spec.endpoint: endpoint must not end with a slash: remove it"
		plain    = "spec.endpoint: endpoint must have a plain path: remove white space, backslashes, percent signs, and empty or dot segments"
		https    = "spec.endpoint: endpoint must use https: http is accepted only for a loopback host (localhost, 127.0.0.0/8, [::1]) and for a service of this cluster"
	)
	verdicts := map[string]string{
		"https://api.klink.cloud/api/v1":   "",
		"https://api.klink.cloud":          "",
		"https://api.klink.cloud:8443/v1":  "",
		"https://10.0.0.1/v1":              "",
		"https://[2001:db8::1]:8443/v1":    "",
		"https://api.klink.cloud/a@b/v1.2": "",

		"":                             absolute,
		"api.klink.cloud/api/v1":       absolute,
		"//api.klink.cloud/api/v1":     absolute,
		"/api/v1":                      absolute,
		"ftp://api.klink.cloud/api/v1": absolute,
		"https:///api/v1":              absolute,
		"https://:443":                 absolute,
		"https:api.klink.cloud":        absolute,
		"https://api klink.cloud":      absolute,

		"https://user:pass@api.klink.cloud/api/v1": userInfo,
		"https://token@api.klink.cloud":            userInfo,
		"http://localhost@evil.example/v1":         userInfo,
		"https://api.klink.cloud/api/v1?tenant=1":  query,
		"https://api.klink.cloud/api/v1?":          query,
		"https://api.klink.cloud/api/v1#top":       query,
		"https://api.klink.cloud/api/v1/":          slash,
		"https://api.klink.cloud/":                 slash,
		"https://api.klink.cloud//api/v1":          plain,
		"https://api.klink.cloud/api/../v1":        plain,
		"https://api.klink.cloud/api/v1/..":        plain,
		"https://api.klink.cloud/./api":            plain,
		"https://api.klink.cloud/%2e%2e/api":       plain,
		"https://api.klink.cloud/api v1":           plain,
		`https://api.klink.cloud/api\v1`:           plain,

		"http://localhost:8080/api/v1":                         "",
		"http://127.0.0.1:8080":                                "",
		"http://127.255.255.254":                               "",
		"http://[::1]:8080/api/v1":                             "",
		"http://klink-simulator.klink.svc:8080/api/v1":         "",
		"http://klink-simulator.klink.svc.cluster.local/v1":    "",
		"HTTP://LOCALHOST/v1":                                  "",
		"http://api.klink.cloud/api/v1":                        https,
		"HTTP://api.klink.cloud/api/v1":                        https,
		"http://128.0.0.1":                                     https,
		"http://127.0.0.256":                                   https,
		"http://127.0.0.1.example.com":                         https,
		"http://localhost.example.com":                         https,
		"http://api.svc.example.com":                           https,
		"http://svc":                                           https,
		"http://evil.example/x.svc":                            https,
		"http://[::2]":                                         https,
		"https://api.klink.cloud/" + strings.Repeat("x", 1024): "spec.endpoint: Too long: may not be more than 1024",
	}
	for _, kind := range connectionKinds {
		cases := map[string]createCase{}
		for endpoint, want := range verdicts {
			name := endpoint[:min(len(endpoint), 60)]
			cases[name] = createCase{set("endpoint", endpoint), want}
		}
		t.Run(kind, func(t *testing.T) { testCreate(t, kind, cases) })
	}
}

func TestConnectionSpec(t *testing.T) {
	const (
		interval = "spec.resyncInterval: resyncInterval must be a duration from 10s to 24h"
		name     = "spec.tokenSecretRef.name: tokenSecretRef.name must be the name of a Secret"
		key      = "spec.tokenSecretRef.key: tokenSecretRef.key must be a key of a Secret"
	)
	limit := func(field string, value any) mutation {
		return set("rateLimit", map[string]any{field: value})
	}
	secret := func(fields map[string]any) mutation { return set("tokenSecretRef", fields) }
	cases := map[string]createCase{
		"least interval":       {set("resyncInterval", "10s"), ""},
		"greatest interval":    {set("resyncInterval", "24h"), ""},
		"compound interval":    {set("resyncInterval", "1h2m3.5s"), ""},
		"too short":            {set("resyncInterval", "9.999s"), interval},
		"too long":             {set("resyncInterval", "24h0m1s"), interval},
		"zero":                 {set("resyncInterval", "0s"), interval},
		"negative":             {set("resyncInterval", "-1m"), interval},
		"without unit":         {set("resyncInterval", "60"), interval},
		"days":                 {set("resyncInterval", "1d"), interval},
		"empty interval":       {set("resyncInterval", ""), interval},
		"overflow":             {set("resyncInterval", "99999999999999999999h"), "spec.resyncInterval: Invalid value"},
		"needlessly long":      {set("resyncInterval", strings.Repeat("1s", 17)), "spec.resyncInterval: Too long: may not be more than 32"},
		"interval as a number": {set("resyncInterval", int64(60)), "spec.resyncInterval: Invalid value"},

		"slow":           {limit("requestsPerSecond", int64(1)), ""},
		"fast":           {limit("requestsPerSecond", int64(1000)), ""},
		"no rate":        {limit("requestsPerSecond", int64(0)), "spec.rateLimit.requestsPerSecond: should be greater than or equal to 1"},
		"negative rate":  {limit("requestsPerSecond", int64(-1)), "spec.rateLimit.requestsPerSecond: should be greater than or equal to 1"},
		"excessive rate": {limit("requestsPerSecond", int64(1001)), "spec.rateLimit.requestsPerSecond: should be less than or equal to 1000"},
		"no burst":       {limit("burst", int64(0)), "spec.rateLimit.burst: should be greater than or equal to 1"},
		"excess burst":   {limit("burst", int64(1001)), "spec.rateLimit.burst: should be less than or equal to 1000"},

		"no secret":         {func(spec map[string]any) { delete(spec, "tokenSecretRef") }, "spec.tokenSecretRef: Required value"},
		"nameless secret":   {secret(map[string]any{"key": "token"}), "spec.tokenSecretRef.name: Required value"},
		"empty secret name": {secret(map[string]any{"name": ""}), "spec.tokenSecretRef.name: should be at least 1 chars long"},
		"bad secret name":   {secret(map[string]any{"name": "Klink_Token"}), name},
		"other key":         {secret(map[string]any{"name": "s", "key": "API_token.1"}), ""},
		"bad key":           {secret(map[string]any{"name": "s", "key": "a/b"}), key},
		"empty key":         {secret(map[string]any{"name": "s", "key": ""}), key},
		"too long a key":    {secret(map[string]any{"name": "s", "key": strings.Repeat("x", 254)}), "spec.tokenSecretRef.key: Too long: may not be more than 253"},
		"consent":           {set("allowDelete", true), ""},
	}
	for _, kind := range connectionKinds {
		t.Run(kind, func(t *testing.T) { testCreate(t, kind, cases) })
	}
}

func TestAllowedNamespaces(t *testing.T) {
	const (
		missing = "spec.allowedNamespaces.selector: Required value: selector is required with from Selector"
		idle    = "spec.allowedNamespaces.selector: Forbidden: selector has an effect only with from Selector"
	)
	const badExpression = "spec.allowedNamespaces.selector: each of selector.matchExpressions must have the operator In or NotIn with values"
	expression := func(operator string, values ...any) mutation {
		e := map[string]any{"key": "team", "operator": operator}
		if values != nil {
			e["values"] = values
		}
		return set("allowedNamespaces", map[string]any{
			"from": "Selector", "selector": map[string]any{"matchExpressions": []any{e}},
		})
	}
	selector := map[string]any{"matchLabels": map[string]any{"a": "b"}}
	allowed := func(fields map[string]any) mutation { return set("allowedNamespaces", fields) }
	testCreate(t, "ClusterConnection", map[string]createCase{
		"all":                   {allowed(map[string]any{"from": "All"}), ""},
		"empty":                 {allowed(map[string]any{}), ""},
		"selected":              {allowed(map[string]any{"from": "Selector", "selector": selector}), ""},
		"selected by nothing":   {allowed(map[string]any{"from": "Selector", "selector": map[string]any{}}), ""},
		"without selector":      {allowed(map[string]any{"from": "Selector"}), missing},
		"all, with selector":    {allowed(map[string]any{"from": "All", "selector": selector}), idle},
		"default with selector": {allowed(map[string]any{"selector": selector}), idle},
		"unknown":               {allowed(map[string]any{"from": "Same"}), `spec.allowedNamespaces.from: Unsupported value: "Same": supported values: "All", "Selector"`},

		"in":                {expression("In", "concierge"), ""},
		"not in":            {expression("NotIn", "a", "b"), ""},
		"exists":            {expression("Exists"), ""},
		"exists not":        {expression("DoesNotExist"), ""},
		"in nothing":        {expression("In"), badExpression},
		"not in nothing":    {expression("NotIn"), badExpression},
		"exists with value": {expression("Exists", "concierge"), badExpression},
		"unknown operator":  {expression("Contains", "concierge"), badExpression},
	})
}

// TestPagination: the API server knows each way of paging that Go code may
// write, and no other.
func TestPagination(t *testing.T) {
	connection := &v1alpha1.ClusterConnection{}
	connection.GenerateName = "test-"
	connection.Spec.TokenSecretRef.Name = "klink-token"
	mustCreate(t, connection)
	for dialect, want := range map[v1alpha1.PaginationDialect]string{
		v1alpha1.PaginationSinglePage: "",
		v1alpha1.PaginationCursor:     "",
		v1alpha1.PaginationPage:       "",
		v1alpha1.PaginationLimit:      "",
		v1alpha1.PaginationIncomplete: "",
		"Offset":                      `status.pagination: Unsupported value: "Offset"`,
	} {
		t.Run(string(dialect), func(t *testing.T) {
			changed := connection.DeepCopy()
			changed.Status.Pagination = dialect
			checkVerdict(t, api.Status().Update(t.Context(), changed, client.DryRunAll), want)
		})
	}
}

// TestConnectionUpdate: a connection may be pointed elsewhere, under the same
// rules that hold when it is created.
func TestConnectionUpdate(t *testing.T) {
	namespace := newNamespace(t)
	for _, kind := range connectionKinds {
		for name, tc := range map[string]createCase{
			"endpoint":     {set("endpoint", "https://gateway.klink.cloud/api/v1"), ""},
			"bad endpoint": {set("endpoint", "https://gateway.klink.cloud/api/v1/"), "spec.endpoint: endpoint must not end with a slash"},
			"interval":     {set("resyncInterval", "5m"), ""},
			"bad interval": {set("resyncInterval", "5"), "spec.resyncInterval: resyncInterval must be a duration"},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				connection := object(kind, namespace, nil)
				mustCreate(t, connection)
				tc.mutate(connection.Object["spec"].(map[string]any))
				checkVerdict(t, api.Update(t.Context(), connection, client.DryRunAll), tc.want)
			})
		}
	}
}
