// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/rest"
)

// services carries TCP connections to the addresses of Services on to their pods,
// as kube-proxy would, and answers for their names.
type services struct {
	api    string // where the API server listens
	list   corelisters.ServiceLister
	slices discoverylisters.EndpointSliceLister

	cancel  context.CancelFunc
	running sync.WaitGroup
}

// startServices returns when the API server's own Service works: pods need no other
// to start.
func startServices(ctx context.Context, config *rest.Config) (*services, error) {
	host, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	s := &services{
		api:    host.Host,
		list:   factory.Core().V1().Services().Lister(),
		slices: factory.Discovery().V1().EndpointSlices().Lister(),
	}
	// They live until stop, not only while they are started.
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	factory.Start(living.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := s.listen(living, net.JoinHostPort(apiAddress, "443"), func() (string, error) { return s.api, nil }); err != nil {
		return nil, err
	}
	if err := s.startDNS(living); err != nil {
		return nil, err
	}
	s.running.Go(func() { s.follow(living) })
	return s, nil
}

func (s *services) stop() {
	s.cancel()
	s.running.Wait()
}

// follow opens a listener for each address and port of Services that appears. It
// stays when its Service goes; then there is no pod behind it.
func (s *services) follow(ctx context.Context) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	open := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, _ := s.list.List(labels.Everything()) // a cache does not fail
		for _, service := range all {
			s.open(ctx, service, open)
		}
	}
}

func (s *services) open(ctx context.Context, service *corev1.Service, open map[string]bool) {
	ip := service.Spec.ClusterIP
	if ip == "" || ip == corev1.ClusterIPNone || ip == apiAddress {
		return
	}
	for _, port := range service.Spec.Ports {
		address := net.JoinHostPort(ip, strconv.Itoa(int(port.Port)))
		if open[address] || port.Protocol != corev1.ProtocolTCP || addAddress(ctx, ip) != nil {
			continue // what has failed is tried again
		}
		open[address] = s.listen(ctx, address, func() (string, error) { return s.endpoint(ip, port.Port) }) == nil
	}
}

// endpoint is the address of some ready pod of the Service that has the address now.
func (s *services) endpoint(ip string, port int32) (string, error) {
	all, _ := s.list.List(labels.Everything()) // a cache does not fail
	for _, service := range all {
		for _, p := range service.Spec.Ports {
			if service.Spec.ClusterIP == ip && p.Port == port {
				return s.pod(service, p.Name)
			}
		}
	}
	return "", fmt.Errorf("no service has the address %s and port %d", ip, port)
}

func (s *services) pod(service *corev1.Service, port string) (string, error) {
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name})
	slices, _ := s.slices.EndpointSlices(service.Namespace).List(selector) // a cache does not fail
	var ready []string
	for _, slice := range slices {
		for _, p := range slice.Ports {
			if p.Port == nil || p.Name == nil || *p.Name != port {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					ready = append(ready, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*p.Port))))
				}
			}
		}
	}
	if len(ready) == 0 {
		return "", fmt.Errorf("no pod is ready behind service %s/%s", service.Namespace, service.Name)
	}
	return ready[rand.IntN(len(ready))], nil //nolint:gosec // any will do
}

// listen carries connections to the address on to the target of the moment, until
// ctx ends.
func (s *services) listen(ctx context.Context, address string, target func() (string, error)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	s.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			s.running.Go(func() { carry(ctx, conn, target) })
		}
	})
	return nil
}

// carry copies both ways until either side ends. Without a target the connection is
// closed at once.
func carry(ctx context.Context, conn net.Conn, target func() (string, error)) {
	defer func() { _ = conn.Close() }()
	address, err := target()
	if err != nil {
		return
	}
	onward, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = onward.Close() }()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{conn, onward}, {onward, conn}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // how a connection ends is its ends' affair
			ended <- struct{}{}
		}()
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
