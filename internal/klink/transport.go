// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// MaxToken is the length of a token in bytes. Servers take headers of 8 KiB, some of 16. What is
// looked for in each text, lest it show the token, grows with the token: one as large as a Secret
// may be took a hundred megabytes.
const MaxToken = 16 << 10

// CheckToken refuses what a header cannot carry, without quoting it; net/http would do so too, but
// only on each call.
func CheckToken(token string) error {
	switch {
	case token == "":
		return errors.New("token is empty")
	case len(token) > MaxToken:
		return fmt.Errorf("token is longer than %d bytes, which no header can carry", MaxToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return !mayBeInToken(r) }) {
		return errors.New("token holds white space or characters that a header cannot carry")
	}
	return nil
}

// mayBeInToken reports whether a character is printed ASCII other than a blank.
func mayBeInToken(r rune) bool { return r > ' ' && r <= '~' }

// NewTransport returns the transport of a Client: HTTP/2 where offered, the proxies of the
// environment, TLS 1.2 or later, and no wait without a bound.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
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

// transportFor returns the transport of a configuration, which trusts its roots beside those of the system.
func transportFor(config Config) (http.RoundTripper, error) {
	transport := config.Transport
	if transport == nil {
		transport = NewTransport()
	}
	if len(config.CABundle) == 0 {
		return transport, nil
	}
	plain, ok := transport.(*http.Transport)
	if !ok {
		return nil, errors.New("caBundle cannot be used with this transport")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the roots of the system: %w", err)
	}
	roots, err := parseRoots(config.CABundle)
	if err != nil {
		return nil, err
	}
	// As text, of which the pool parses what a connection asks for: many parsed certificates
	// take several times as much memory.
	pool.AppendCertsFromPEM(roots)
	plain = plain.Clone()
	if plain.TLSClientConfig == nil {
		plain.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	plain.TLSClientConfig.RootCAs = pool
	return plain, nil
}

// parseRoots reads certificates in PEM, and nothing else: what would be passed over in silence is a
// root that somebody misses. It returns them as a pool reads them.
func parseRoots(bundle []byte) (roots []byte, _ error) {
	read := 0
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("caBundle: entry %d is of type %q, not CERTIFICATE", read+1, block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("caBundle: certificate %d: %w", read+1, err)
		}
		read++
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...) // without headers
	}
	switch begun := bytes.Count(bundle, []byte("-----BEGIN ")); {
	case begun == 0:
		return nil, errors.New("caBundle holds no certificate in PEM")
	case begun != read:
		return nil, fmt.Errorf("caBundle: only %d of its %d certificates can be read", read, begun)
	}
	return roots, nil
}

// followBelow lets a read follow a redirect on its own scheme, host and port and below the endpoint, so
// that the token goes nowhere else. Where it does not, the redirect itself is the reply.
func followBelow(base Endpoint) func(next *http.Request, via []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) >= 5 || !base.holds(next.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
}
