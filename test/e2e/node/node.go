// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

// Name is that of the node.
const Name = "klink-e2e"

// roleVariable says which part of Enter a process plays, and folderVariable which
// folder it may use.
const (
	roleVariable   = "KLINK_NODE_ROLE"
	folderVariable = "KLINK_NODE_FOLDER"
)

// auditPolicy writes a line for each answered request, without bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// Node is a cluster of one node. It is there for one process, in whose namespaces
// it lives.
type Node struct {
	// Config is for the cluster's administrator.
	Config *rest.Config
	// Kubeconfig is the file of the same.
	Kubeconfig string
	// AuditLog is the file that the API server writes a line to for each request.
	AuditLog string

	folder    string
	programs  string
	authority *authority
	cp        *controlplane.ControlPlane
	daemons   []*daemon
	services  *services
}

// Inside says whether this process runs in a node's namespaces. Such a one may
// call Start; any other calls Enter.
func Inside() bool { return os.Getenv(roleVariable) == "tests" }

// Start brings the node up, with the images of the archives, and returns when it is
// ready. The folder programs has those of hack/controlplane.
func Start(ctx context.Context, programs string, archives []string) (_ *Node, err error) {
	if !Inside() {
		return nil, errors.New("a node is started in namespaces of its own alone")
	}
	n := &Node{folder: os.Getenv(folderVariable), programs: programs}
	n.AuditLog = filepath.Join(n.folder, "audit.log")
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Stop())
		}
	}()
	if err := setUpNetwork(ctx); err != nil {
		return nil, err
	}
	if n.authority, err = newAuthority(n.folder); err != nil {
		return nil, err
	}
	if err := n.startControlPlane(ctx); err != nil {
		return nil, err
	}
	if n.services, err = startServices(ctx, n.Config); err != nil {
		return nil, err
	}
	if err := n.startDaemons(ctx, archives); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *Node) startControlPlane(ctx context.Context) error {
	cert, key, err := n.authority.issue(pkix.Name{Organization: []string{"system:masters"}, CommonName: "kube-apiserver-kubelet-client"})
	if err != nil {
		return err
	}
	policy := filepath.Join(n.folder, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	if err := os.Setenv("KUBEBUILDER_ASSETS", n.programs); err != nil {
		return err
	}
	n.cp, err = controlplane.Start(ctx, controlplane.Options{
		ControllerManager: true,
		APIServerArgs: []string{
			"--authorization-mode=Node", // beside RBAC
			"--enable-admission-plugins=NodeRestriction",
			"--allow-privileged", // it is Pod Security that refuses them
			"--client-ca-file=" + n.authority.file(),
			"--kubelet-client-certificate=" + cert,
			"--kubelet-client-key=" + key,
			"--kubelet-preferred-address-types=InternalIP",
			"--audit-policy-file=" + policy,
			"--audit-log-path=" + n.AuditLog,
		},
		ControllerManagerArgs: []string{"--controllers=*"},
	})
	if err != nil {
		return err
	}
	n.Config, n.Kubeconfig = n.cp.Config, n.cp.Kubeconfig()
	return nil
}

func (n *Node) startDaemons(ctx context.Context, archives []string) error {
	containerd, err := startContainerd(ctx, n.folder, archives)
	if err != nil {
		return err
	}
	n.daemons = append(n.daemons, containerd)
	ready := func(context.Context) error { return nil } // a pod that is scheduled shows it
	scheduler, err := startDaemon(ctx, n.folder, filepath.Join(n.programs, "kube-scheduler"),
		[]string{"--kubeconfig=" + n.Kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1"}, ready)
	if err != nil {
		return err
	}
	n.daemons = append(n.daemons, scheduler)
	kubelet, err := n.startKubelet(ctx)
	if err != nil {
		return err
	}
	n.daemons = append(n.daemons, kubelet)
	return nil
}

// Stop ends the node. The pods, their shims and their mounts end with the
// namespaces.
func (n *Node) Stop() error {
	for _, d := range n.daemons {
		d.stop()
	}
	if n.services != nil {
		n.services.stop()
	}
	if n.cp != nil {
		return n.cp.Stop()
	}
	return nil
}

// Kill ends a container as a crash does, by the id that its pod's status has.
func (*Node) Kill(ctx context.Context, containerID string) error {
	return ctr(ctx, "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", strings.TrimPrefix(containerID, "containerd://"))
}

// Logs are the ends of the daemons' logs, for who asks why something failed.
func (n *Node) Logs() string {
	var out strings.Builder
	for _, d := range n.daemons {
		fmt.Fprintf(&out, "== %s\n%s\n", d.name, tail(d.log))
	}
	return out.String()
}
