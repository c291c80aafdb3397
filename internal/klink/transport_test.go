// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTLS11IsRefused: nothing may send the token over what can be read by others.
func TestTLS11IsRefused(t *testing.T) {
	for version, refused := range map[uint16]bool{tls.VersionTLS11: true, tls.VersionTLS12: false, tls.VersionTLS13: false} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			server := httptest.NewUnstartedServer(reply(200, `{"id":"a"}`))
			server.TLS = &tls.Config{MinVersion: version, MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			_, err := bundled(t, server, certificate(server)).Get(t.Context(), "a")
			if refused && (KindOf(err) != KindNetwork || !NothingMade(err) || !strings.Contains(err.Error(), "version")) || !refused && err != nil {
				t.Errorf("got %v, refused: %t", err, refused)
			}
		})
	}
}

func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func bundled(t *testing.T, server *httptest.Server, bundle []byte) *Client {
	t.Helper()
	client, err := New(Config{Endpoint: server.URL + "/api/v1", Token: token, CABundle: bundle})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// TestACompanysRootsAreTrusted: a proxy that opens TLS signs with a root that no image has.
func TestACompanysRootsAreTrusted(t *testing.T) {
	server := httptest.NewTLSServer(reply(200, `{"id":"a"}`))
	defer server.Close()
	if _, err := bundled(t, server, certificate(server)).Get(t.Context(), "a"); err != nil {
		t.Errorf("with the root: %v", err)
	}
	if _, err := bundled(t, server, nil).Get(t.Context(), "a"); KindOf(err) != KindNetwork || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without it: %v", err)
	}
	shared := NewTransport()
	if _, err := New(Config{Endpoint: server.URL, Token: token, Transport: shared, CABundle: certificate(server)}); err != nil || shared.TLSClientConfig.RootCAs != nil {
		t.Errorf("the roots of one connection became another's: %v", err)
	}
}

func TestRootsGoIntoTransportsThatTakeThem(t *testing.T) {
	server := httptest.NewTLSServer(reply(200, `{"id":"a"}`))
	defer server.Close()
	client, err := New(Config{Endpoint: server.URL + "/api/v1", Token: token, Transport: &http.Transport{DialContext: new(net.Dialer).DialContext}, CABundle: certificate(server)})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if plain, ok := client.transport.(*http.Transport); !ok || plain.TLSClientConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("the transport is %+v", client.transport)
	}
	_, err = New(Config{Endpoint: server.URL, Token: token, Transport: roundTripper(nil), CABundle: certificate(server)})
	if err == nil || !strings.Contains(err.Error(), "caBundle cannot be used") {
		t.Errorf("a transport without TLS: %v", err)
	}
}

func TestABundleThatCannotBeReadIsAnError(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	good := string(certificate(server))
	for bundle, want := range map[string]string{
		"no PEM at all":                                        "no certificate in PEM",
		good + good[:100]:                                      "only 1 of its 2 certificates can be read",
		good[:100] + "\n" + good:                               "only 1 of its 2",
		"# a comment\n" + good + "\n# another\n":               "",
		strings.ReplaceAll(good, "CERTIFICATE", "PRIVATE KEY"): `entry 1 is of type "PRIVATE KEY"`,
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})): "certificate 1: x509",
	} {
		_, err := New(Config{Endpoint: "https://api.klink.cloud", Token: token, CABundle: []byte(bundle)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q…: got %v, want %q", bundle, err, want)
		}
	}
}
