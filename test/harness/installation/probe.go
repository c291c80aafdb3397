// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"crypto/tls"
	"io"
	"net/http"
)

// Get reads a URL, whatever its certificate; an error is the text of a status 0.
func (c *Cluster) Get(url, token string) (status int, body string) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it signs its certificate itself
		DisableKeepAlives: true,
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}
