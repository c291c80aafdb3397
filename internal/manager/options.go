// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/controller"
)

// Options are the manager's flags. See BindFlags for what each means.
type Options struct {
	MetricsAddress string
	MetricsSecure  bool
	ProbeAddress   string
	LeaderElection bool
	HTTP2          bool

	WatchNamespaces   string
	OperatorNamespace string
	AllowedEndpoints  string
	Workers           int
	// ConnectionSelector is a label selector; empty selects all.
	ConnectionSelector string
	DryRun             bool

	// Transport carries the calls to the groups API, and Registry takes the
	// metrics, where several managers share a process: in tests. Nil is the default.
	Transport http.RoundTripper
	Registry  prometheus.Registerer
}

// BindFlags declares the flags.
func (o *Options) BindFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", "0", "The address that metrics are served on, such as :8443; 0 serves none.")
	flags.BoolVar(&o.MetricsSecure, "metrics-secure", true, "Serve metrics over HTTPS, to those who may get /metrics.")
	flags.StringVar(&o.ProbeAddress, "health-probe-bind-address", ":8081", "The address that /healthz and /readyz are served on.")
	flags.BoolVar(&o.LeaderElection, "leader-elect", false, "Elect a leader, so that one of several replicas is active.")
	flags.BoolVar(&o.HTTP2, "enable-http2", false, "Serve metrics over HTTP/2 too.")
	flags.StringVar(&o.WatchNamespaces, "watch-namespaces", "", "The namespaces whose Groups and Connections are managed, separated by commas; all if empty.")
	flags.StringVar(&o.OperatorNamespace, "operator-namespace", "", "The namespace of the Secrets of ClusterConnections; the manager's own if empty.")
	flags.StringVar(&o.AllowedEndpoints, "allowed-endpoints", allowedByDefault,
		"The endpoints that namespaced Connections may use, separated by commas: scheme, host and port are equal, and the path begins with the given one.")
	flags.IntVar(&o.Workers, "max-concurrent-reconciles", workersByDefault, "How many Groups are worked on at a time.")
	flags.StringVar(&o.ConnectionSelector, "connection-selector", "",
		"A label selector: the connections that are served, with their Groups; all if empty. Others are left to other managers.")
	flags.BoolVar(&o.DryRun, "dry-run", false, "Write nothing remotely; each Group says what would have been done.")
}

// workersByDefault are so many that one connection, which gets three quarters of them,
// reaches the default ceiling of 50 calls a second where the API takes 300 ms for each.
const workersByDefault = 24

// allowedByDefault is the host of the default endpoint.
var allowedByDefault = strings.TrimSuffix(v1alpha1.DefaultEndpoint, "/api/v1")

// settings are the options after checking.
type settings struct {
	Options
	namespaces []string
	selector   labels.Selector // nil selects all
	endpoints  controller.Endpoints
}

func (o *Options) check() (settings, error) {
	s := settings{Options: *o}
	for namespace := range strings.SplitSeq(o.WatchNamespaces, ",") {
		if namespace = strings.TrimSpace(namespace); namespace != "" && !slices.Contains(s.namespaces, namespace) {
			s.namespaces = append(s.namespaces, namespace)
		}
	}
	if s.Registry == nil {
		s.Registry = metrics.Registry
	}
	var err error
	if s.endpoints, err = controller.ParseEndpoints(o.AllowedEndpoints); err != nil {
		return s, fmt.Errorf("--allowed-endpoints: %w", err)
	}
	if o.ConnectionSelector != "" {
		if s.selector, err = labels.Parse(o.ConnectionSelector); err != nil {
			return s, fmt.Errorf("--connection-selector: %w", err)
		}
	}
	if s.Workers < 1 {
		return s, errors.New("--max-concurrent-reconciles: at least one worker is needed")
	}
	if s.OperatorNamespace == "" {
		s.OperatorNamespace, err = ownNamespace()
	}
	return s, err
}

// leaseName is that of the Lease by which a leader is elected. Managers that part the
// connections among them must not wait for one another.
func (s *settings) leaseName() string {
	if s.selector == nil {
		return "klink-operator.klink.cloud"
	}
	sum := sha256.Sum256([]byte(s.ConnectionSelector + "\n" + s.WatchNamespaces + "\n"))
	return fmt.Sprintf("klink-operator-%x.klink.cloud", sum[:4])
}

// ownNamespace is the namespace of the pod that the manager runs in.
func ownNamespace() (string, error) {
	const file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	namespace, err := os.ReadFile(file)
	if err != nil {
		return "", errors.New("--operator-namespace is needed outside of a cluster")
	}
	return strings.TrimSpace(string(namespace)), nil
}
