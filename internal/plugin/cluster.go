// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
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
	if raw, err := p.config.ToRawKubeConfigLoader().RawConfig(); err == nil && len(raw.Clusters) == 0 && config.Host == clientcmd.ClusterDefaults.Server {
		return nil, errors.New("no cluster is configured: give --kubeconfig, or set KUBECONFIG")
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

// namespaceError: the namespace that a command is about is not there.
type namespaceError struct{ name string }

func (n *namespaceError) Error() string { return "namespace " + n.name + " does not exist" }

// namespaced is the cluster for a command that is about one namespace. An API server lists
// what is in a namespace that is not there, too: nothing.
func (p *plugin) namespaced(ctx context.Context) (*cluster, error) {
	c, err := p.cluster()
	if err != nil {
		return nil, err
	}
	err = c.checkNamespace(ctx)
	return c, err
}

// checkNamespace finds out whether the namespace is there, as far as it may be read.
func (c *cluster) checkNamespace(ctx context.Context) error {
	err := c.Get(ctx, client.ObjectKey{Name: c.namespace}, &corev1.Namespace{})
	switch {
	case apierrors.IsNotFound(err):
		return &namespaceError{c.namespace}
	case apierrors.IsForbidden(err):
		return nil
	}
	return err
}

// groups lists the Groups of a namespace, or of all.
func (c *cluster) groups(ctx context.Context, namespace string, options ...client.ListOption) ([]v1alpha1.Group, error) {
	var list v1alpha1.GroupList
	err := c.List(ctx, &list, append(options, client.InNamespace(namespace))...)
	return list.Items, err
}

// connections lists those of a namespace, or of all, and the ClusterConnections, as far as
// they may be listed. The kinds that may not be are hidden.
func (c *cluster) connections(ctx context.Context, namespace string) (all []v1alpha1.ConnectionObject, hidden []v1alpha1.ConnectionKind, _ error) {
	var (
		list    v1alpha1.ConnectionList
		cluster v1alpha1.ClusterConnectionList
	)
	if err := c.List(ctx, &cluster); apierrors.IsForbidden(err) {
		hidden = append(hidden, v1alpha1.KindClusterConnection)
	} else if err != nil {
		return nil, nil, err
	}
	for i := range cluster.Items {
		all = append(all, &cluster.Items[i])
	}
	if err := c.List(ctx, &list, client.InNamespace(namespace)); apierrors.IsForbidden(err) {
		hidden = append(hidden, v1alpha1.KindConnection)
	} else if err != nil {
		return nil, nil, err
	}
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all, hidden, nil
}

// connection reads the connection that a Group of a namespace refers to. That it may not be
// read is unreadable, and says nothing of whether it exists.
func (c *cluster) connection(ctx context.Context, ref v1alpha1.ConnectionReference, namespace string) (v1alpha1.ConnectionObject, error) {
	key := client.ObjectKey{Namespace: namespace, Name: ref.Name}
	var object v1alpha1.ConnectionObject = &v1alpha1.Connection{}
	if ref.Kind == v1alpha1.KindClusterConnection {
		key.Namespace = ""
		object = &v1alpha1.ClusterConnection{}
	}
	err := c.Get(ctx, key, object)
	if apierrors.IsForbidden(err) {
		object.SetNamespace(key.Namespace)
		object.SetName(key.Name)
		err = &unreadable{fmt.Sprintf("you may not read %s; %s", refName(ref), instead)}
	}
	return object, err
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

// refers reports whether a Group refers to a connection.
func refers(g *v1alpha1.Group, object v1alpha1.ConnectionObject) bool {
	ref, cluster := connectionOf(g), object.GetNamespace() == ""
	return object.GetName() == ref.Name && cluster == (ref.Kind == v1alpha1.KindClusterConnection) && (cluster || object.GetNamespace() == g.Namespace)
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

// refName is how kubectl names the connection that is referred to.
func refName(ref v1alpha1.ConnectionReference) string {
	if ref.Kind == v1alpha1.KindClusterConnection {
		return "kcconn/" + ref.Name
	}
	return "kconn/" + ref.Name
}
