// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Endpoint is the base URL of an API, checked. The zero Endpoint is none.
type Endpoint struct{ url *url.URL }

// ParseEndpoint checks what the API server's validation of a connection checks too. Its errors
// do not quote the endpoint, which may hold a password by mistake.
func ParseEndpoint(endpoint string) (Endpoint, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return Endpoint{}, errors.New("endpoint is not an absolute URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return Endpoint{}, errors.New("endpoint must begin with https://")
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		return Endpoint{}, errors.New("endpoint must begin with https://, as its host is neither loopback nor *.svc")
	case u.User != nil:
		return Endpoint{}, errors.New("endpoint must not hold user info")
	case strings.ContainsAny(endpoint, "?#"):
		return Endpoint{}, errors.New("endpoint must not have a query or fragment")
	case strings.HasSuffix(endpoint, "/"):
		return Endpoint{}, errors.New("endpoint must not end in a slash")
	}
	return Endpoint{u}, nil
}

// String is the endpoint as it was given.
func (e Endpoint) String() string {
	if e.url == nil {
		return ""
	}
	return e.url.String()
}

// NormalEndpoint writes an endpoint in the one way under which endpoints are compared:
// scheme and host in lower case, no default port, no trailing slash.
func NormalEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	return normalOrigin(u) + strings.TrimRight(u.EscapedPath(), "/")
}

func normalOrigin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.TrimSuffix(strings.ToLower(u.Host), ":")
	if port := u.Port(); scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host
}

// Within says whether an endpoint is, or lies below, an allowed one, which is a normal one: scheme, host
// and port are equal, and the path continues by whole segments. One that somebody could read in
// another way is within none. The CRD says the same.
func Within(endpoint, allowed string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil || strings.ContainsAny(endpoint, "?#") || !isPlain(u.EscapedPath()) || strings.Contains(u.EscapedPath(), "..") {
		return false
	}
	normal := NormalEndpoint(endpoint)
	return normal == allowed || strings.HasPrefix(normal, allowed+"/")
}

// holds says whether a URL lies below the endpoint, on its own host.
func (e Endpoint) holds(u *url.URL) bool {
	return normalOrigin(u) == normalOrigin(e.url) && isPlain(u.EscapedPath()) && strings.HasPrefix(u.EscapedPath(), e.url.EscapedPath()+"/")
}

// mayHold says whether a URL may be at or below the path of the endpoint, on whichever host, however it is read.
func (e Endpoint) mayHold(u *url.URL) bool {
	path := u.EscapedPath()
	return !isPlain(path) || path == e.url.EscapedPath() || strings.HasPrefix(path, e.url.EscapedPath()+"/")
}

// isPlain says whether every server on the way reads a path in the same way.
func isPlain(path string) bool {
	return !strings.Contains(path, "/.") && !strings.Contains(path, "//") && !strings.ContainsAny(path, `%\;`)
}

// isLocal says whether a token may be sent to the host without TLS.
func isLocal(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local") {
		return true
	}
	return net.ParseIP(host).IsLoopback()
}
