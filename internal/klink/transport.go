// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// parseEndpoint checks what the API server's validation of a connection checks too. Its errors
// do not quote the endpoint, which may hold a password by mistake.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("endpoint is not an absolute URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("endpoint must begin with https://")
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		return nil, errors.New("endpoint must begin with https://, as its host is neither loopback nor *.svc")
	case u.User != nil:
		return nil, errors.New("endpoint must not hold user info")
	case strings.ContainsAny(endpoint, "?#"):
		return nil, errors.New("endpoint must not have a query or fragment")
	case strings.HasSuffix(endpoint, "/"):
		return nil, errors.New("endpoint must not end in a slash")
	}
	return u, nil
}

// isLocal says whether a token may be sent to the host without TLS.
func isLocal(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// checkToken refuses what a header cannot carry; net/http would do so too, but only on each call.
func checkToken(token string) error {
	if token == "" {
		return errors.New("token is empty")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return errors.New("token holds white space or characters that a header cannot carry")
		}
	}
	return nil
}

// NewTransport returns the transport of a Client: HTTP/2 where offered, the proxies of the
// environment, TLS 1.2 or later, and no wait without a bound.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: 256 << 10,
		// Shorter than the idle timeout of common load balancers: a POST that meets a connection
		// closed by the other side is a create that nobody can prove either way.
		IdleConnTimeout: 30 * time.Second,
		// A dead HTTP/2 connection is found by pings, not by each of its streams running into its deadline.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// sameSite lets a read follow a redirect within its own scheme, host and port and below the
// endpoint, so that the token goes nowhere else. Where it does not, the redirect itself is the reply.
func sameSite(base *url.URL) func(next *http.Request, via []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) >= 5 || next.URL.Scheme != base.Scheme || !strings.EqualFold(next.URL.Host, base.Host) || !isBelow(base, next.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// isBelow compares paths by whole segments. One that could be read in more than one way is not below.
func isBelow(base, u *url.URL) bool {
	return isPlain(u.EscapedPath()) && strings.HasPrefix(u.EscapedPath(), base.EscapedPath()+"/")
}

// isPlain says whether every server on the way reads a path in the same way.
func isPlain(path string) bool {
	return !strings.Contains(path, "/.") && !strings.Contains(path, "//") && !strings.ContainsAny(path, `%\;`)
}
