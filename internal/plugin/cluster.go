// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// cluster is what a command reads and writes in Kubernetes.
type cluster struct {
	client.Client

	// namespace is that of the command line, or of the context.
	namespace string
}

func (p *plugin) cluster() (*cluster, error) {
	config, err := p.config.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 300 // as kubectl
	config.WarningHandler = nil
	namespace, _, err := p.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	return &cluster{Client: c, namespace: namespace}, err
}

// groups lists the Groups of a namespace, or of all.
func (c *cluster) groups(ctx context.Context, namespace string, options ...client.ListOption) ([]v1alpha1.Group, error) {
	var list v1alpha1.GroupList
	err := c.List(ctx, &list, append(options, client.InNamespace(namespace))...)
	return list.Items, err
}

// connections lists those of a namespace, or of all, and the ClusterConnections as far
// as they may be read.
func (c *cluster) connections(ctx context.Context, namespace string) ([]v1alpha1.ConnectionObject, error) {
	var (
		list    v1alpha1.ConnectionList
		cluster v1alpha1.ClusterConnectionList
		all     []v1alpha1.ConnectionObject
	)
	if err := c.List(ctx, &cluster); err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	for i := range cluster.Items {
		all = append(all, &cluster.Items[i])
	}
	if err := c.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all, nil
}

// connection reads the connection that a Group of a namespace refers to.
func (c *cluster) connection(ctx context.Context, ref v1alpha1.ConnectionReference, namespace string) (v1alpha1.ConnectionObject, error) {
	key := client.ObjectKey{Namespace: namespace, Name: ref.Name}
	var object v1alpha1.ConnectionObject = &v1alpha1.Connection{}
	if ref.Kind == v1alpha1.KindClusterConnection {
		key.Namespace = ""
		object = &v1alpha1.ClusterConnection{}
	}
	return object, c.Get(ctx, key, object)
}

// secret reads the Secret of a connection.
func (c *cluster) secret(ctx context.Context, object v1alpha1.ConnectionObject, operatorNamespace string) (*corev1.Secret, error) {
	key := client.ObjectKey{Namespace: object.GetNamespace(), Name: object.GetConnectionSpec().TokenSecretRef.Name}
	if key.Namespace == "" {
		key.Namespace = operatorNamespace
	}
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = key.Namespace, key.Name
	return secret, c.Get(ctx, key, secret)
}

// defaultConnection is the one that a Group refers to which says nothing.
var defaultConnection = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "default"}

// connectionOf is the connection of a Group, also of a manifest without defaults.
func connectionOf(g *v1alpha1.Group) v1alpha1.ConnectionReference {
	if g.Spec.ConnectionRef.Name == "" {
		return defaultConnection
	}
	return g.Spec.ConnectionRef
}

// parseConnection reads KIND/NAME, in the words that kubectl takes too.
func parseConnection(text string) (v1alpha1.ConnectionReference, error) {
	kind, name, found := strings.Cut(text, "/")
	ref := v1alpha1.ConnectionReference{Name: name}
	switch strings.ToLower(kind) {
	case "clusterconnection", "clusterconnections", "kcconn":
		ref.Kind = v1alpha1.KindClusterConnection
	case "connection", "connections", "kconn":
		ref.Kind = v1alpha1.KindConnection
	}
	if !found || name == "" || ref.Kind == "" {
		return ref, fmt.Errorf("--connection %q is not kcconn/NAME or kconn/NAME", text)
	}
	return ref, nil
}

// kindName is how kubectl names a connection.
func kindName(object v1alpha1.ConnectionObject) string {
	if object.GetNamespace() == "" {
		return "kcconn/" + object.GetName()
	}
	return "kconn/" + object.GetName()
}
