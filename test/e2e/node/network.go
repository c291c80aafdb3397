// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

const (
	bridge       = "klink0"
	podNetwork   = "10.244.0.0/24"
	nodeAddress  = "10.244.0.1"
	apiAddress   = "10.0.0.1"
	dnsAddress   = "10.0.0.10"
	pluginFolder = "/usr/lib/cni"
)

// network is what containerd gives to each pod: a place on the bridge. There is no
// way out of it but to the node.
const network = `{
  "cniVersion": "0.4.0", "name": "klink",
  "plugins": [{
    "type": "bridge", "bridge": "` + bridge + `", "isGateway": true, "ipMasq": false,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "` + podNetwork + `"}]], "routes": [{"dst": "0.0.0.0/0"}]}
  }]
}`

// setUpNetwork makes the bridge and the addresses of this network namespace.
func setUpNetwork(ctx context.Context) error {
	for _, args := range []string{
		"link set lo up",
		"link add " + bridge + " type bridge",
		"address add " + nodeAddress + "/24 dev " + bridge,
		"link set " + bridge + " up",
	} {
		if err := ip(ctx, args); err != nil {
			return err
		}
	}
	for _, address := range []string{apiAddress, dnsAddress} {
		if err := addAddress(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// addAddress makes an address of a Service one of this machine's own.
func addAddress(ctx context.Context, address string) error {
	return ip(ctx, "address replace "+address+"/32 dev lo")
}

func ip(ctx context.Context, args string) error {
	if out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}
