// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBill makes the bill of this checkout, twice.
func TestBill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "bill.json")
	if err := run(t.Context(), "../..", file); err != nil {
		t.Fatal(err)
	}
	bill, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := generate(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bill, again) {
		t.Error("two bills of one checkout differ")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bill, []byte(root)) {
		t.Error("the bill names a folder of this machine")
	}
	linked, err := modules(t.Context(), "../..", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if linked["sigs.k8s.io/controller-runtime"] == "" {
		t.Errorf("controller-runtime is not among the linked modules: %v", linked)
	}
	t.Run("is noticed to be wrong", func(t *testing.T) { checkNotices(t, bill, linked) })
	t.Run("is that of every platform", func(t *testing.T) {
		for _, arch := range []string{"arm64", "ppc64le", "s390x"} {
			other, err := modules(t.Context(), "../..", arch)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(linked, other) {
				t.Errorf("linux/%s is linked from other modules: %v, not %v", arch, other, linked)
			}
		}
	})
}

func checkNotices(t *testing.T, bill []byte, linked map[string]string) {
	t.Helper()
	const runtime = "sigs.k8s.io/controller-runtime"
	with := func(path, version string) map[string]string {
		changed := maps.Clone(linked)
		if delete(changed, path); version != "" {
			changed[path] = version
		}
		return changed
	}
	for want, c := range map[string]struct {
		bill   []byte
		linked map[string]string
	}{
		"not JSON":                     {bill[:len(bill)/2], linked},
		"not CycloneDX":                {[]byte("{}"), linked},
		`is of "example.com/other"`:    {bytes.ReplaceAll(bill, []byte(`"name": "github.com/klink-cloud/klink-operator"`), []byte(`"name": "example.com/other"`)), linked},
		runtime + " is named and not":  {bill, with(runtime, "")},
		runtime + " is named in":       {bill, with(runtime, "v0.0.1")},
		"example.com/more is linked":   {bill, with("example.com/more", "v1.0.0")},
		"std is linked and not named":  {bytes.ReplaceAll(bill, []byte(`"name": "std"`), []byte(`"name": "`+runtime+`"`)), linked},
		runtime + " has no purl or no": {bytes.ReplaceAll(bill, []byte(`"hashes"`), []byte(`"sums"`)), linked},
	} {
		if err := check(c.bill, c.linked); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error that says %q, have %v", want, err)
		}
	}
}
