// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
)

// controllers are those of the controller manager that matter where no pod
// runs. The other ones would only take processor time from the tests.
var controllers = []string{
	"clusterrole-aggregation-controller",
	"garbage-collector-controller",
	"namespace-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
}

func (cp *ControlPlane) newEtcd(port int, opts Options) *Process {
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	args := []string{
		"--data-dir=" + filepath.Join(cp.dir, "etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--log-level=warn",
		// A killed process loses nothing that it has written; only a machine
		// that goes down does, and the data is not meant to survive that.
		"--unsafe-no-fsync",
		"--quota-backend-bytes=8589934592",
	}
	return cp.newProcess("etcd", args, cp.probe(url+"/health"), opts.Log)
}

func (cp *ControlPlane) newAPIServer(port, etcdPort int, opts Options) *Process {
	args := []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", etcdPort),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + cp.creds.certFile,
		"--tls-private-key-file=" + cp.creds.keyFile,
		"--authorization-mode=RBAC",
		"--token-auth-file=" + cp.creds.tokenFile,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + cp.creds.keyFile,
		"--service-account-signing-key-file=" + cp.creds.keyFile,
		"--service-cluster-ip-range=10.0.0.0/24",
		// The service "kubernetes" cannot have endpoints on loopback.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	}
	if !opts.ControllerManager {
		// Nobody makes the default ServiceAccounts that this plugin asks for.
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	args = append(args, opts.APIServerArgs...)
	return cp.newProcess("kube-apiserver", args, cp.probe(cp.Config.Host+"/readyz"), opts.Log)
}

func (cp *ControlPlane) newControllerManager(port int, opts Options) *Process {
	args := []string{
		"--kubeconfig=" + cp.Kubeconfig(),
		"--authentication-kubeconfig=" + cp.Kubeconfig(),
		"--authorization-kubeconfig=" + cp.Kubeconfig(),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + cp.creds.certFile,
		"--tls-private-key-file=" + cp.creds.keyFile,
		"--root-ca-file=" + cp.creds.certFile,
		"--service-account-private-key-file=" + cp.creds.keyFile,
		"--leader-elect=false",
		"--profiling=false",
		"--controllers=" + strings.Join(controllers, ","),
	}
	args = append(args, opts.ControllerManagerArgs...)
	url := fmt.Sprintf("https://127.0.0.1:%d/healthz", port)
	return cp.newProcess("kube-controller-manager", args, cp.probe(url), opts.Log)
}

// probe returns a check that the URL answers 200 to the administrator.
func (cp *ControlPlane) probe(url string) func(context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cp.creds.caPEM)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+cp.creds.adminToken)
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
			return fmt.Errorf("%s: %s\n%s", url, resp.Status, body)
		}
		return nil
	}
}
