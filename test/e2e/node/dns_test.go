// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"net"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// address knows one Service.
func address(namespace, service string) net.IP {
	if namespace == "shop" && service == "till" {
		return net.IPv4(10, 0, 0, 7)
	}
	return nil
}

func query(t *testing.T, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 42, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
	packed, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestNamesOfServices(t *testing.T) {
	for name, test := range map[string]struct {
		kind    dnsmessage.Type
		code    dnsmessage.RCode
		answers int
	}{
		"till.shop.svc.cluster.local.":       {dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		"TILL.shop.SVC.cluster.local.":       {dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		"safe.shop.svc.cluster.local.":       {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"till.shop.svc.":                     {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"a.till.shop.svc.cluster.local.":     {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"api.klink.cloud.":                   {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"till.shop.svc.cluster.local.x.":     {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"till.other.svc.cluster.local.":      {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"svc.cluster.local.":                 {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"till.shop.pod.svc.cluster.local.":   {dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		"till.shop.svc.cluster.local.local.": {dnsmessage.TypeAAAA, dnsmessage.RCodeNameError, 0},
	} {
		checkAnswer(t, name, test.kind, test.code, test.answers)
	}
	// The name is there, but has no such address: that is no error.
	checkAnswer(t, "till.shop.svc.cluster.local.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, 0)
}

func checkAnswer(t *testing.T, name string, kind dnsmessage.Type, code dnsmessage.RCode, answers int) {
	t.Helper()
	var got dnsmessage.Message
	if err := got.Unpack(answer(query(t, name, kind), address)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !got.Response || got.ID != 42 || got.RCode != code || len(got.Answers) != answers {
		t.Errorf("%s %s: %+v", name, kind, got)
	}
	if answers == 1 && got.Answers[0].Body.(*dnsmessage.AResource).A != [4]byte{10, 0, 0, 7} {
		t.Errorf("%s: %v", name, got.Answers[0].Body)
	}
}

func TestNoAnswerToNonsense(t *testing.T) {
	reply := answer(query(t, "till.shop.svc.cluster.local.", dnsmessage.TypeA), address)
	for what, packet := range map[string][]byte{"nothing": nil, "noise": []byte("hello"), "a reply": reply, "no question": reply[:12]} {
		if got := answer(packet, address); got != nil {
			t.Errorf("%s was answered: %x", what, got)
		}
	}
}
