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

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// kubeletConfig asks nothing of the machine that one in a sandbox cannot give: no
// systemd, no cgroup v2, no free disk space, no swap that is off.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + nodeAddress + `
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]s}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /%[2]s
clusterDNS: [` + dnsAddress + `]
clusterDomain: ` + clusterDomain + `
containerRuntimeEndpoint: unix://` + containerdSocket + `
enforceNodeAllocatable: []
evictionHard: {memory.available: "0%%", nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%", imagefs.inodesFree: "0%%"}
failCgroupV1: false
failSwapOn: false
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
localStorageCapacityIsolation: false
resolvConf: ""
volumePluginDir: %[3]s
`

// startKubelet starts the kubelet and returns when its Node is ready.
func (n *Node) startKubelet(ctx context.Context) (*daemon, error) {
	group := filepath.Base(os.Getenv(folderVariable))
	if err := makeControlGroups(group); err != nil {
		return nil, err
	}
	config := filepath.Join(n.folder, "kubelet.yaml")
	content := fmt.Sprintf(kubeletConfig, n.authority.file(), group, filepath.Join(n.folder, "volume-plugins"))
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		return nil, err
	}
	kubeconfig, err := n.kubeletKubeconfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(n.Config)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--config=" + config, "--kubeconfig=" + kubeconfig, "--root-dir=" + filepath.Join(n.folder, "kubelet"),
		"--hostname-override=" + Name, "--node-ip=" + nodeAddress,
	}
	return startDaemon(ctx, n.folder, filepath.Join(n.programs, "kubelet"), args, func(ctx context.Context) error {
		node, err := client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return errors.New("the node is not ready")
	})
}

// kubeletKubeconfig is the kubelet's way to the API server, as a node and nothing
// more.
func (n *Node) kubeletKubeconfig() (string, error) {
	cert, key, err := n.authority.issue(pkix.Name{Organization: []string{"system:nodes"}, CommonName: "system:node:" + Name})
	if err != nil {
		return "", err
	}
	file := clientcmdapi.NewConfig()
	file.Clusters[Name] = &clientcmdapi.Cluster{Server: n.Config.Host, CertificateAuthorityData: n.Config.CAData}
	file.AuthInfos[Name] = &clientcmdapi.AuthInfo{ClientCertificate: cert, ClientKey: key}
	file.Contexts[Name] = &clientcmdapi.Context{Cluster: Name, AuthInfo: Name}
	file.CurrentContext = Name
	path := filepath.Join(n.folder, "kubelet.kubeconfig")
	return path, clientcmd.WriteToFile(*file, path)
}

// makeControlGroups makes a control group of the name in every hierarchy, for the
// kubelet to put its own below. The guard takes them away.
func makeControlGroups(name string) error {
	const root = "/sys/fs/cgroup"
	tops := []string{root}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err != nil {
		// The first version: one hierarchy for each controller.
		if tops, err = filepath.Glob(filepath.Join(root, "*", "cgroup.procs")); err != nil {
			return err
		}
		for i, file := range tops {
			tops[i] = filepath.Dir(file)
		}
	}
	for _, top := range tops {
		if err := os.MkdirAll(filepath.Join(top, name), 0o750); err != nil {
			return err
		}
	}
	return nil
}
