// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// The ports that systems give to those who call somebody, or listen on any, are higher. One of
// these, once found free, is still free when the program that it is for has started.
const firstPort, lastPort = 10_000, 29_999

// FreePorts returns n different loopback ports that nothing listens on now.
func FreePorts(ctx context.Context, n int) (ports []int, err error) {
	var listeners []net.Listener
	// All stay open until the last is chosen, so that they differ.
	defer func() {
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
	}()
	for len(ports) < n {
		port := firstPort + rand.IntN(lastPort-firstPort+1) //nolint:gosec // any will do
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, err
		}
		listeners, ports = append(listeners, listener), append(ports, port)
	}
	return ports, nil
}
