// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"net"
	"net/http"
	"strings"
	"syscall"
)

// The endpoints that connections may name. The same accounts are behind the first
// three; nobody is at home behind the others.
const (
	defaultEndpoint     = "https://api.klink.cloud/api/v1"
	endpoint            = "https://klink.example/api/v1"
	otherEndpoint       = "https://eu.klink.example/api/v1"
	unreachableEndpoint = "https://down.example/api/v1"
	foreignEndpoint     = "https://elsewhere.example/api/v1"

	allowedEndpoints = "https://api.klink.cloud,https://klink.example,https://eu.klink.example,https://down.example"
)

// internet leads to the simulator, and refuses connections to every other host.
type internet struct{ simulator http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (i internet) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, known := range []string{defaultEndpoint, endpoint, otherEndpoint} {
		if strings.HasPrefix(r.URL.String(), known+"/") {
			return i.simulator.RoundTrip(r)
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}
