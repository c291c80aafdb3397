// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import "testing"

// A Connection's author may not send the token to a host of their own, whatever the
// address looks like.
func TestAllowComparesEndpointsByTheirParts(t *testing.T) {
	cases := []struct {
		allowed, endpoint string
		want              bool
	}{
		{"https://api.klink.cloud", "https://api.klink.cloud/api/v1", true},
		{"https://api.klink.cloud", "https://api.klink.cloud", true},
		{"https://api.klink.cloud", "https://API.klink.cloud:443/api/v1", true},
		{"https://api.klink.cloud:443/", "https://api.klink.cloud/api/v1", true},
		{"https://a.example, https://b.example/x", "https://b.example/x/v1", true},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/api/v1", true},

		{"https://api.klink.cloud", "https://api.klink.cloud.evil.example/api/v1", false},
		{"https://api.klink.cloud", "https://api.klink.cloud@evil.example/api/v1", false},
		{"https://api.klink.cloud", "https://me:secret@api.klink.cloud/api/v1", false},
		{"https://api.klink.cloud", "https://evil.example/https://api.klink.cloud", false},
		{"https://api.klink.cloud", "https://evil.example#https://api.klink.cloud", false},
		{"https://api.klink.cloud", "https://api.klink.cloud/api/v1?to=evil", false},
		{"https://api.klink.cloud", "https://api.klink.cloud/api/v1#evil", false},
		{"https://api.klink.cloud", "http://api.klink.cloud/api/v1", false},
		{"https://api.klink.cloud", "https://api.klink.cloud:8443/api/v1", false},
		{"https://api.klink.cloud", "https://xapi.klink.cloud/api/v1", false},
		{"https://api.klink.cloud", "https://api.klink.cloud./api/v1", false},
		{"http://127.0.0.1:80", "http://127.0.0.1:8080", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/apiary", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/API", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/api/../admin", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/api/%2e%2e/admin", false},
		{"https://api.klink.cloud/api", "https://api.klink.cloud/api//v1", false},
		{"https://api.klink.cloud", `https://api.klink.cloud\.evil.example`, false},
		{"https://api.klink.cloud", "", false},
	}
	for _, c := range cases {
		endpoints, err := ParseEndpoints(c.allowed)
		if err != nil {
			t.Errorf("%s: %v", c.allowed, err)
			continue
		}
		if have := endpoints.Allow(c.endpoint); have != c.want {
			t.Errorf("%s allows %q: %v", c.allowed, c.endpoint, have)
		}
	}
}

func TestParseEndpointsRefusesWhatIsNoEndpoint(t *testing.T) {
	for _, list := range []string{
		"", " , ", "api.klink.cloud", "//api.klink.cloud", "ftp://api.klink.cloud", "https://", "https://me@api.klink.cloud",
		"https://api.klink.cloud?x", "https://api.klink.cloud?x=y", "https://api.klink.cloud#x", "https://a.example,oops",
	} {
		if endpoints, err := ParseEndpoints(list); err == nil {
			t.Errorf("%q was taken for %v", list, endpoints)
		}
	}
}
