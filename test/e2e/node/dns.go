// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const clusterDomain = "cluster.local"

// startDNS answers for the names of Services, over UDP, and knows no other name.
func (s *services) startDNS(ctx context.Context) error {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", net.JoinHostPort(dnsAddress, "53"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	s.running.Go(func() {
		query := make([]byte, 4096)
		for {
			size, from, err := conn.ReadFrom(query)
			if err != nil {
				return // it is closed
			}
			if reply := answer(query[:size], s.address); reply != nil {
				_, _ = conn.WriteTo(reply, from) // who lost a reply asks again
			}
		}
	})
	return nil
}

// answer makes the reply to a query, nil if that is none.
func answer(query []byte, address func(namespace, service string) net.IP) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil || header.Response {
		return nil
	}
	question, err := parser.Question()
	if err != nil {
		return nil
	}
	found := lookUp(question.Name.String(), address)
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	switch {
	case found == nil:
		reply.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte(found.To4())},
		}}
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// lookUp is the address of <service>.<namespace>.svc.cluster.local, nil if there is
// none.
func lookUp(name string, address func(namespace, service string) net.IP) net.IP {
	short, isService := strings.CutSuffix(strings.ToLower(name), ".svc."+clusterDomain+".")
	service, namespace, two := strings.Cut(short, ".")
	if !isService || !two || strings.Contains(namespace, ".") {
		return nil
	}
	return address(namespace, service)
}

// address is that of a Service, nil if it has none.
func (s *services) address(namespace, service string) net.IP {
	found, err := s.list.Services(namespace).Get(service)
	if err != nil {
		return nil
	}
	return net.ParseIP(found.Spec.ClusterIP).To4()
}
