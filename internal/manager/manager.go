// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package manager wires the operator: the cache, the accounts,
// the controllers, metrics, probes and leader election.
//
// What does not belong here: anything that decides or acts on a Group.
package manager

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/controller"
	klinkmetrics "github.com/klink-cloud/klink-operator/internal/metrics"
	"github.com/klink-cloud/klink-operator/internal/version"
)

// shutdownGrace lets a POST that is under way end, and its id be written down.
const shutdownGrace = time.Minute

// New returns a manager, ready to be started.
func New(ctx context.Context, restConfig *rest.Config, options Options) (manager.Manager, error) {
	s, err := options.check()
	if err != nil {
		return nil, err
	}
	// The API server takes what stands before the slash for the name of the field manager.
	named := rest.CopyConfig(restConfig)
	named.UserAgent = "klink-operator/" + version.Version
	index := controller.NewGroupIndex(max(1, len(s.namespaces)))
	mgr, err := ctrl.NewManager(named, s.managerOptions(index))
	if err != nil {
		return nil, fmt.Errorf("setting up the manager: %w", err)
	}
	if err := wire(ctx, mgr, index, s); err != nil {
		return nil, err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding the liveness probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("cache", cacheSynced(mgr.GetCache())); err != nil {
		return nil, fmt.Errorf("adding the readiness probe: %w", err)
	}
	return mgr, nil
}

// cacheSynced keeps a rolling update from replacing managers that work by ones that
// may not read what they are to manage.
func cacheSynced(c cache.Cache) healthz.Checker {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), 500*time.Millisecond)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the cache is not filled yet: are there rights to all that is watched?")
		}
		return nil
	}
}

func (s *settings) managerOptions(index *controller.GroupIndex) ctrl.Options {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // two compiled-in schemes that contradict each other
		}
	}
	grace, skipNames := shutdownGrace, true
	return ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       s.metricsOptions(),
		HealthProbeBindAddress:        s.ProbeAddress,
		LeaderElection:                s.LeaderElection,
		LeaderElectionID:              s.leaseName(),
		LeaderElectionNamespace:       s.OperatorNamespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &grace,
		Cache:                         s.cacheOptions(index),
		Controller:                    config.Controller{SkipNameValidation: &skipNames},
		// Secrets are read with get alone, never through an informer.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.Namespace{}}}},
	}
}

func (s *settings) metricsOptions() metricsserver.Options {
	o := metricsserver.Options{BindAddress: s.MetricsAddress, SecureServing: s.MetricsSecure}
	if s.MetricsSecure {
		o.FilterProvider = metricsAccess
	}
	if !s.HTTP2 {
		o.TLSOpts = append(o.TLSOpts, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	}
	return o
}

func (s *settings) cacheOptions(index *controller.GroupIndex) cache.Options {
	light := compact(s.selector)
	o := cache.Options{DefaultTransform: light, NewInformer: informerMaker(index.NewInformer).inPages(light)}
	if len(s.namespaces) > 0 {
		o.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range s.namespaces {
			o.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return o
}

// wire adds the accounts and the controllers to the manager.
func wire(ctx context.Context, mgr manager.Manager, index *controller.GroupIndex, s settings) error {
	var cluster corev1.Namespace
	if err := mgr.GetAPIReader().Get(ctx, client.ObjectKey{Name: "kube-system"}, &cluster); err != nil {
		return fmt.Errorf("reading the UID of namespace kube-system, which names this cluster: %w", err)
	}
	rights, err := findRights(ctx, mgr, s)
	if err != nil {
		return err
	}
	counters := klinkmetrics.New()
	groups := controller.Groups{Cache: mgr.GetCache(), Index: index, NamespacedOnly: rights.namespacedOnly, Selector: s.selector}
	operator := controller.New(controller.Options{ //nolint:contextcheck // the accounts outlive ctx
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Groups: groups,
		Events: mgr.GetEventRecorder("klink-operator"), Cluster: string(cluster.UID), Namespaces: s.namespaces,
		Kinds: rights.connectionKinds(), Unserved: rights.unserved, Workers: s.Workers, Count: counters, Observe: counters.Observe,
		DryRun: s.DryRun, Rules: func(v1alpha1.ConnectionKind) controller.ConnectionRules {
			return controller.ConnectionRules{
				OperatorNamespace: s.OperatorNamespace, AllowedEndpoints: s.endpoints,
				UserAgent: "klink-operator/" + version.Version, DryRun: s.DryRun, Transport: s.Transport,
				ListingBytes: listingBytes(memoryLimit()),
			}
		},
	})
	state := klinkmetrics.State{Leading: mgr.Elected(), Accounts: operator.Accounts, Connections: groups.Connections, Groups: groups.All}
	if err := counters.Register(s.Registry, state); err != nil {
		return err
	}
	if err := mgr.Add(operator.Accounts); err != nil {
		return fmt.Errorf("adding the accounts: %w", err)
	}
	for _, c := range operator.Controllers {
		if err := c.SetupWithManager(mgr); err != nil {
			return err
		}
		// A replica that stands by fills its cache too, or it would be ready, and take
		// over, without the right to.
		if _, err := mgr.GetCache().GetInformer(ctx, c.Object, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watching %ss: %w", c.Kind, err)
		}
	}
	return nil
}
