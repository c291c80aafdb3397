// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	shutdownTimeout   = 5 * time.Second
	readHeaderTimeout = 10 * time.Second
)

// serve listens until ctx ends or a listener fails.
func (c *config) serve(ctx context.Context, server *simulator.Server, stdout io.Writer) error {
	api, err := listen(ctx, "-address", c.address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", server)
	sites := []site{{api, mux}}
	admin := api
	switch {
	case c.adminAddress != "":
		if admin, err = listen(ctx, "-admin-address", c.adminAddress); err != nil {
			return errors.Join(err, api.Close())
		}
		sites = append(sites, site{admin, server.Admin()})
	case isLoopback(api.Addr()):
		mux.Handle(simulator.AdminPrefix+"/", server.Admin())
	default:
		admin = nil
	}
	announce(stdout, api, admin)
	return serveAll(ctx, server, sites)
}

// site is a listener and what it serves.
type site struct {
	listener net.Listener
	handler  http.Handler
}

func listen(ctx context.Context, name, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, address, err)
	}
	return listener, nil
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func announce(stdout io.Writer, api, admin net.Listener) {
	_, _ = fmt.Fprintf(stdout, "groups API: http://%s%s\n", api.Addr(), simulator.Prefix)
	if admin == nil {
		_, _ = fmt.Fprintln(stdout, "admin endpoint: off, since the API is not on the loopback address; -admin-address turns it on")
		return
	}
	_, _ = fmt.Fprintf(stdout, "admin endpoint: http://%s%s\n", admin.Addr(), simulator.AdminPrefix)
}

// serveAll serves every site, and stops them all when ctx ends or one fails.
func serveAll(ctx context.Context, server *simulator.Server, sites []site) error {
	failed := make(chan error, len(sites))
	var servers []*http.Server
	for _, s := range sites {
		h := &http.Server{Handler: s.handler, ReadHeaderTimeout: readHeaderTimeout}
		servers = append(servers, h)
		go func() { failed <- h.Serve(s.listener) }()
	}
	var err error
	waiting := len(servers)
	select {
	case <-ctx.Done():
	case err = <-failed:
		waiting--
	}
	server.Close() // or what hangs would hold the shutdown up
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	for _, h := range servers {
		if h.Shutdown(shutdown) != nil {
			_ = h.Close()
		}
	}
	for range waiting {
		if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
	}
	return err
}
