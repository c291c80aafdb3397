// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// apiHost is where the samples and the flags' defaults say that the API is.
const apiHost = "api.klink.cloud"

// remote is a stand-in for https://api.klink.cloud, under that name: the manager
// reaches it through a proxy, and trusts its certificate. So neither a manifest nor
// a flag has to be changed for it.
type remote struct {
	*simulator.Server

	proxy  string // URL
	caFile string

	creating sync.RWMutex // held while creates have to wait

	mu      sync.Mutex
	reached []string // hosts, with ports
}

// ServeHTTP implements http.Handler.
func (r *remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodPost {
		r.creating.RLock()
		defer r.creating.RUnlock()
	}
	r.Server.ServeHTTP(w, req)
}

func newRemote(c *cluster, token string) *remote {
	c.Helper()
	r := &remote{Server: simulator.New(simulator.Options{Token: token}), caFile: filepath.Join(c.dir, "api.crt")}
	c.Cleanup(r.Close)
	certificate := writeCertificate(c, apiHost, r.caFile, filepath.Join(c.dir, "api.key"))
	api := httptest.NewUnstartedServer(r)
	api.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	api.StartTLS()
	c.Cleanup(api.Close)
	proxy := httptest.NewServer(r.tunnel(api.Listener.Addr().String()))
	c.Cleanup(proxy.Close)
	r.proxy = proxy.URL
	return r
}

// tunnel connects whoever asks for the API to address, and notes who asks for what.
func (r *remote) tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		if !slices.Contains(r.reached, req.Host) {
			r.reached = append(r.reached, req.Host)
		}
		r.mu.Unlock()
		if req.Method != http.MethodConnect || req.Host != apiHost+":443" {
			http.Error(w, "not the API", http.StatusForbidden)
			return
		}
		upstream, err := new(net.Dialer).DialContext(req.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = upstream.Close()
			return
		}
		join(client, upstream)
	})
}

// join copies both ways until either side ends.
func join(client, upstream net.Conn) {
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, upstream}, {upstream, client}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
	_, _ = client.Close(), upstream.Close()
}

// hosts are all that was asked for through the proxy.
func (r *remote) hosts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reached)
}

// writeCertificate makes a serving certificate for a name, its own authority, and
// writes it and its key to files.
func writeCertificate(c *cluster, name, certFile, keyFile string) tls.Certificate {
	c.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		c.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for file, content := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			c.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		c.Fatal(err)
	}
	return pair
}
