// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"sync"
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

// journal keeps what the manager logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var logs = &journal{}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// about returns the last lines that name a namespace.
func (j *journal) about(namespace string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for line := range strings.SplitSeq(j.text.String(), "\n") {
		if strings.Contains(line, namespace) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
