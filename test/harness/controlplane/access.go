// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenLifetime is how long a ServiceAccount's token is valid, in seconds: a day,
// for a playground that stays up.
const tokenLifetime = int64(24 * 60 * 60)

// Kubeconfig is the path of the administrator's kubeconfig file. It goes away
// with the control plane.
func (cp *ControlPlane) Kubeconfig() string {
	return filepath.Join(cp.dir, "admin.kubeconfig")
}

// KubectlPath is the path of the pinned kubectl.
func (cp *ControlPlane) KubectlPath() string {
	return filepath.Join(cp.assets, "kubectl")
}

// KubectlCommand prepares a run of the pinned kubectl as the administrator,
// apart from the settings of the user who runs it. Another --kubeconfig among
// the arguments takes its place.
func (cp *ControlPlane) KubectlCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, cp.KubectlPath(), args...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+cp.Kubeconfig(),
		"KUBECACHEDIR="+filepath.Join(cp.dir, "kubectl-cache"),
		"KUBERC=off")
	return cmd
}

// Kubectl runs the pinned kubectl as the administrator and returns what it
// prints. The error quotes its error output.
func (cp *ControlPlane) Kubectl(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := cp.KubectlCommand(ctx, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// ConfigAs returns a configuration that acts as the named user, who needs no
// account, in the given groups.
func (cp *ControlPlane) ConfigAs(user string, groups ...string) *rest.Config {
	config := rest.CopyConfig(cp.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return config
}

// ConfigFor returns a configuration with a new token of an existing
// ServiceAccount, valid for a day.
func (cp *ControlPlane) ConfigFor(ctx context.Context, namespace, serviceAccount string) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return nil, err
	}
	lifetime := tokenLifetime
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &lifetime}}
	reply, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, serviceAccount, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting a token for %s/%s: %w", namespace, serviceAccount, err)
	}
	config := rest.CopyConfig(cp.Config)
	config.BearerToken = reply.Status.Token
	return config, nil
}

// KubeconfigFor writes a kubeconfig file with a new token of an existing
// ServiceAccount, valid for a day, and returns its path. The file goes away with
// the control plane.
func (cp *ControlPlane) KubeconfigFor(ctx context.Context, namespace, serviceAccount string) (string, error) {
	config, err := cp.ConfigFor(ctx, namespace, serviceAccount)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cp.dir, namespace+"."+serviceAccount+".kubeconfig")
	return path, writeKubeconfig(path, config, namespace)
}

// writeKubeconfig writes the address, authority and token of config.
func writeKubeconfig(path string, config *rest.Config, namespace string) error {
	const name = "klink"
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: config.BearerToken}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	file.CurrentContext = name
	return clientcmd.WriteToFile(*file, path)
}
