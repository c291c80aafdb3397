// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"os"
	"strings"
	"testing"
)

func TestLogsMustBeClean(t *testing.T) {
	for line, bad := range map[string]bool{
		`{"level":"info","msg":"Starting workers"}`:                                     false,
		`E1123 reflector.go: secrets is Forbidden: User cannot list resource "secrets"`: true,
		`{"level":"debug","request":"Bearer s3cret"}`:                                   true,
	} {
		if err := clean([]string{"all is well", line}, "s3cret"); (err != nil) != bad {
			t.Errorf("%s: %v", line, err)
		} else if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

func TestRefusalsAreFound(t *testing.T) {
	const (
		fine   = `{"user":{"username":"system:serviceaccount:op:manager"},"verb":"get","requestURI":"/x","responseStatus":{"code":404}}` + "\n"
		others = `{"user":{"username":"system:serviceaccount:other:robot"},"verb":"get","requestURI":"/x","responseStatus":{"code":403}}` + "\n"
		denied = `{"user":{"username":"system:serviceaccount:op:manager"},"verb":"list","requestURI":"/secrets","responseStatus":{"code":403}}` + "\n"
	)
	const prefix = "system:serviceaccount:op:"
	if n, err := refusals([]byte(fine+others+fine), prefix); n != 2 || err != nil {
		t.Errorf("%d requests, %v", n, err)
	}
	for what, audit := range map[string]string{"a refusal": fine + denied, "no request at all": others, "no audit log": "noise\n"} {
		if _, err := refusals([]byte(audit), prefix); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// TestPageHasTheCommands ties the steps to docs/install.md.
func TestPageHasTheCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, want := range map[string]string{
		"### The operator alone":                         "delete deployment",
		"### Everything, and the remote groups stay":     "kubectl delete crd",
		"### Groups that are left without an operator":   "finalizers",
		"### A heading that the page does not have, yet": "",
	} {
		got := commandsBelow(string(page), heading)
		if !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("below %q: %q", heading, got)
		}
	}
}

func TestManifestHasOneImage(t *testing.T) {
	manifest, err := os.ReadFile("../../dist/install.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := imageLine.FindAllString(string(manifest), -1)
	if len(lines) != 1 || !strings.Contains(lines[0], "klink-operator") {
		t.Errorf("image lines %q, want the manager's", lines)
	}
	if got := imageLine.ReplaceAllString("  image: a:b\n  imagePullPolicy: Never\n", "${1}c:d"); got != "  image: c:d\n  imagePullPolicy: Never\n" {
		t.Errorf("replaced: %q", got)
	}
}

func TestImagesArePartedAtTheTag(t *testing.T) {
	repository, tag, err := splitImage("example.com:5000/klink-operator:v1")
	if repository != "example.com:5000/klink-operator" || tag != "v1" || err != nil {
		t.Errorf("%q, %q, %v", repository, tag, err)
	}
	if _, _, err := splitImage("example.com:5000/klink-operator"); err == nil {
		t.Error("no tag: no error")
	}
}

func TestFlags(t *testing.T) {
	if _, err := parse([]string{"-node=docker"}); err == nil {
		t.Error("-node=docker: no error")
	}
	if _, err := newShow(&cluster{}, images{}, "by post", nil); err == nil {
		t.Error("an unknown way to install: no error")
	}
}
