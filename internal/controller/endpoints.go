// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Endpoints are the endpoints that namespaced Connections may use.
type Endpoints []string

// ParseEndpoints checks a comma-separated list of absolute http(s) URLs.
func ParseEndpoints(list string) (Endpoints, error) {
	var endpoints Endpoints
	for endpoint := range strings.SplitSeq(list, ",") {
		endpoint = strings.TrimSpace(endpoint)
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("%q is not an absolute http(s) URL without user info, query and fragment", endpoint)
		}
		endpoints = append(endpoints, klink.NormalEndpoint(endpoint))
	}
	if len(endpoints) == 0 {
		return nil, errors.New("no endpoint is allowed; name at least one")
	}
	return endpoints, nil
}

// String is the list as the flag takes it.
func (e Endpoints) String() string { return strings.Join(e, ",") }

// Allow reports whether an endpoint is one of them or lies below one: scheme,
// host and port are equal, and the path continues by whole segments.
func (e Endpoints) Allow(endpoint string) bool {
	for _, allowed := range e {
		if klink.Within(endpoint, allowed) {
			return true
		}
	}
	return false
}
