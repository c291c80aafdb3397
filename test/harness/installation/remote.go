// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// APIHost is where the samples and the flags' defaults say that the API is.
const APIHost = "api.klink.cloud"

// Remote is a stand-in for https://api.klink.cloud, under that name: the manager
// reaches it through a proxy, and trusts its certificate. So neither a manifest nor
// a flag has to be changed for it.
type Remote struct {
	Server *simulator.Server

	token  string
	proxy  string // URL
	caFile string

	creating sync.RWMutex // held while creates have to wait

	mu      sync.Mutex
	reached []string // hosts, with ports
}

// ServeHTTP implements http.Handler.
func (r *Remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodPost {
		r.creating.RLock()
		defer r.creating.RUnlock()
	}
	r.Server.ServeHTTP(w, req)
}

// NewRemote starts the stand-in, for an account with a token; it ends with the test.
func (c *Cluster) NewRemote(token string) *Remote {
	c.Helper()
	r := &Remote{Server: simulator.New(simulator.Options{Token: token}), token: token, caFile: filepath.Join(c.Dir, "api.crt")}
	c.Cleanup(r.Server.Close)
	certificate := WriteCertificate(c, APIHost, r.caFile, filepath.Join(c.Dir, "api.key"))
	api := httptest.NewUnstartedServer(r)
	api.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	api.StartTLS()
	c.Cleanup(api.Close)
	proxy := httptest.NewServer(r.tunnel(api.Listener.Addr().String()))
	c.Cleanup(proxy.Close)
	r.proxy = proxy.URL
	return r
}

// HoldCreates has creates wait until it is released.
func (r *Remote) HoldCreates() (release func()) {
	r.creating.Lock()
	return r.creating.Unlock
}

// tunnel connects those who ask for the API to address, and notes who asks for what.
func (r *Remote) tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		if !slices.Contains(r.reached, req.Host) {
			r.reached = append(r.reached, req.Host)
		}
		r.mu.Unlock()
		if req.Method != http.MethodConnect || req.Host != APIHost+":443" {
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

// Hosts are all that was asked for through the proxy.
func (r *Remote) Hosts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reached)
}

// Named is the remote group of a name, nil if there is none.
func (r *Remote) Named(name string) *simulator.Group {
	for _, g := range r.Server.Groups() {
		if g.Name == name {
			return &g
		}
	}
	return nil
}

// Await waits until a remote group is as it should be.
func (r *Remote) Await(c *Cluster, id, what string, is func(simulator.Group) bool) {
	c.Helper()
	c.Eventually(func() string {
		if g, ok := r.Server.Group(id); !ok || !is(g) {
			return fmt.Sprintf("%s: the remote group is there: %t, %+v", what, ok, g)
		}
		return ""
	})
}
