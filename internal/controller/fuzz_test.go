// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// What may be called is judged by what net/http makes of it, and not by our own
// reading of an address.
func FuzzAllow(f *testing.F) {
	for _, endpoint := range []string{
		"https://api.klink.cloud/api/v1", "https://API.klink.cloud:443/api", "https://api.klink.cloud/apiary", "https://api.klink.cloud@evil.example/api",
		"https://api.klink.cloud/api/../admin", `https://api.klink.cloud\.evil.example/api`, "https://api.klink.cloud:/api", "https:api.klink.cloud/api",
		"https://api.klink.cloud/api;x", "https://[::1]/api", "https://api.klink.cloud/api/./v1", "HTTPS://api.klink.cloud/api?", "https://api.klink.cloud/api#",
	} {
		f.Add(endpoint)
	}
	allowed := Endpoints{"https://api.klink.cloud/api"}
	f.Fuzz(func(t *testing.T, endpoint string) {
		if !allowed.Allow(endpoint) {
			return
		}
		r, err := http.NewRequest(http.MethodGet, strings.TrimRight(endpoint, "/")+"/groups", nil)
		if err != nil {
			t.Fatalf("%q is allowed, and cannot be called: %v", endpoint, err)
		}
		if port := r.URL.Port(); r.URL.Scheme != "https" || !strings.EqualFold(r.URL.Hostname(), "api.klink.cloud") || port != "" && port != "443" {
			t.Errorf("%q is allowed, and leads to %s://%s", endpoint, r.URL.Scheme, r.URL.Host)
		}
		if !strings.HasPrefix(path.Clean(r.URL.Path), "/api/") || r.URL.User != nil || r.URL.RawQuery != "" {
			t.Errorf("%q is allowed, and leads to %s", endpoint, r.URL)
		}
	})
}

func FuzzParseEndpoints(f *testing.F) {
	for _, list := range []string{"https://api.klink.cloud", " https://A.example:443/x/ , http://[::1]:80", "https://a.example,oops", "https://a%2cb/"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		endpoints, err := ParseEndpoints(list)
		if err != nil {
			return
		}
		again, err := ParseEndpoints(endpoints.String())
		if err != nil || !slices.Equal(endpoints, again) {
			t.Errorf("%q is %q, which is %q (%v)", list, endpoints, again, err)
		}
	})
}

// Whatever a Secret holds: it is sent whole in a header, or said to be unusable
// without being quoted.
func FuzzToken(f *testing.F) {
	for _, token := range []string{"", "tok-1234567890", " tok\n", "to\x00k", "t\u00f6k-1234567890", "\xff"} {
		f.Add([]byte(token))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		token := strings.TrimSpace(string(data))
		why := unusable(map[string][]byte{"token": data}, "token", token)
		if why == "" {
			h := http.Header{}
			h.Set("Authorization", "Bearer "+token)
			if err := h.Write(discard{}); err != nil || len(token) == 0 || strings.ContainsAny(token, "\r\n\x00 ") {
				t.Errorf("%q is taken for a token: %v", token, err)
			}
			return
		}
		if len(token) > 20 && strings.Contains(why, token) {
			t.Errorf("%q is quoted: %s", token, why)
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func FuzzAcceptMissing(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, value := range []string{"", "2026-03-01T11:59:00Z", "2026-03-01T12:00:01Z", "2026-03-01T13:30:00+02:00", "0000-01-01T00:00:00Z", "yesterday"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationAcceptMissing: value}}}
		if from, ok := acceptMissing(c, now); ok && from.After(now) {
			t.Errorf("%q is accepted, as %s", value, from)
		}
	})
}
