// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// play is the playground: the opening, and then nothing until Ctrl-C.
var play = []act{
	{"Install the CRDs and the roles", install},
	{"Connect the cluster to an account", connect},
	{"Create the samples", createSamples},
	{"The playground is open", wait},
}

func install(ctx context.Context, s *stage) error {
	s.narrator.say("Everything of config/default but the Deployment: there are no pods here, so that")
	s.narrator.say("the manager runs beside the cluster, as the ServiceAccount it would have in it.")
	err := s.all(ctx,
		[]string{"apply", "--server-side", "-k", "test/demo/install"},
		waitFor("condition=Established", "crd/groups.klink.cloud", "crd/connections.klink.cloud", "crd/clusterconnections.klink.cloud"))
	if err != nil {
		return err
	}
	s.narrator.say("\nThe manager may get a Secret by its name, but not list Secrets:")
	out, err := s.kubectl(ctx, "auth", "can-i", "list", "secrets", "--all-namespaces",
		"--as=system:serviceaccount:"+operatorNamespace+":"+serviceAccount)
	if strings.TrimSpace(out) != "no" { // which kubectl exits with 1 for
		return fmt.Errorf("may the manager list Secrets: got %q, want no: %w", out, err)
	}
	return nil
}

// connection is the ClusterConnection that Groups use when they name none.
const connection = `apiVersion: klink.cloud/v1alpha1
kind: ClusterConnection
metadata:
  name: default
spec:
  endpoint: %s
  tokenSecretRef:
    name: klink-token
  resyncInterval: 10s
`

func connect(ctx context.Context, s *stage) error {
	s.narrator.say("The token is in a file that only you can read, and is never shown.")
	err := s.all(ctx, []string{"-n", operatorNamespace, "create", "secret", "generic", "klink-token", "--from-file=" + s.tokenFile()})
	if err != nil {
		return err
	}
	if _, err := s.apply(ctx, fmt.Sprintf(connection, s.remote.endpoint)); err != nil {
		return err
	}
	s.narrator.say("\nStarting the manager ...")
	if err := s.startManager(ctx); err != nil {
		return err
	}
	return s.all(ctx,
		waitFor(ready, "kcconn/default"),
		[]string{"get", "kcconn"})
}

// enterNamespace makes the team's namespace, for this and the following commands.
func (s *stage) enterNamespace(ctx context.Context) error {
	return s.all(ctx,
		[]string{"create", "namespace", "concierge"},
		[]string{"config", "set-context", "--current", "--namespace=concierge"})
}

func createSamples(ctx context.Context, s *stage) error {
	if err := s.enterNamespace(ctx); err != nil {
		return err
	}
	return s.all(ctx,
		[]string{"apply", "-f", "config/samples/full.yaml", "-f", "config/samples/minimal.yaml",
			"-f", "config/samples/adopt.yaml", "-f", "config/samples/observe.yaml"},
		waitFor(ready, "kgrp", "--all"),
		[]string{"get", "kgrp", "-o", "wide"})
}

const guide = `In another terminal, in this folder:

  export KUBECONFIG=%s
  export PATH=%s:$PATH   # for this kubectl, if you have none

  kubectl get klink
  kubectl explain kgrp.spec
  kubectl edit kgrp plaza-hotel
  kubectl events --watch
  make install-plugin && kubectl klink status    # docs/plugin.md
  tail -f %s

The stand-in API is %s, its token in
%s:

  curl -H "Authorization: Bearer $(cat %[5]s)" %[4]s/groups

and its admin endpoint, which asks for no token, %[6]s:

  curl %[6]s/requests
  curl -X POST %[6]s/faults -d '{"method": "PUT", "action": "Status", "status": 503, "times": 3}'

It has the Groups of the samples full, minimal, adopt and observe. The samples
clusterconnection.yaml and connection.yaml lead to the real API: do not apply them here.

The manager allows that endpoint to namespaced Connections too. Without its rights the
manager ends, and the playground with it.

Ctrl-C ends all of it; "Error" or "Interrupt" is then make's word for that. One in the
background is ended by kill and the pid of make.
`

func wait(ctx context.Context, s *stage) error {
	s.narrator.say(strings.TrimSuffix(guide, "\n"), s.cp.Kubeconfig(), filepath.Dir(s.cp.KubectlPath()), s.manager.log,
		s.remote.endpoint, s.tokenFile(), s.remote.admin)
	<-ctx.Done()
	if cause := context.Cause(ctx); errors.Is(cause, errEnded) {
		return cause
	}
	return nil // Ctrl-C is how a playground ends
}
