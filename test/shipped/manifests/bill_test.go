// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// makeBill makes the bill of materials that a release attaches to its image.
func makeBill(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new", "bill.json")
	cmd := exec.CommandContext(t.Context(), "make", "-C", checkout.Path("."), "--no-print-directory", "sbom", "SBOM="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bill, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bill
}

// linkedModules are those that the manager is linked from for linux/arch, with their versions.
func linkedModules(t *testing.T, arch string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}`, "./cmd/manager")
	cmd.Dir, cmd.Env = checkout.Path("."), append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOOS=linux", "GOARCH="+arch)
	list, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			linked[path] = version
		}
	}
	return linked
}

// TestBillNamesWhatIsLinked: the bill is in the image's attestation for every platform,
// and who makes it again gets the same bytes.
func TestBillNamesWhatIsLinked(t *testing.T) {
	bill := makeBill(t)
	if !bytes.Equal(bill, makeBill(t)) {
		t.Error("two bills of one checkout differ")
	}
	if bytes.Contains(bill, []byte(checkout.Path("."))) {
		t.Error("the bill names a folder of this machine")
	}
	var document struct {
		BOMFormat   string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Metadata    struct {
			Component struct{ Name string }
		}
		Components []struct {
			Name, Version, PURL string
			Hashes              []struct{ Content string }
		} `json:"components"`
	}
	if err := json.Unmarshal(bill, &document); err != nil || document.BOMFormat != "CycloneDX" {
		t.Fatalf("the bill is no CycloneDX but %q: %v", document.BOMFormat, err)
	}
	if of := document.Metadata.Component.Name; of != "github.com/klink-cloud/klink-operator" || document.SpecVersion != "1.6" {
		t.Errorf("the bill, of version %q, is of %q", document.SpecVersion, of)
	}
	named := map[string]string{}
	for _, c := range document.Components {
		named[c.Name] = c.Version
		if c.Name != "std" && (c.PURL == "" || len(c.Hashes) == 0) {
			t.Errorf("%s has no purl or no sum", c.Name)
		}
	}
	if delete(named, "std"); len(named) == len(document.Components) {
		t.Error("the bill does not name the standard library")
	}
	for _, arch := range []string{"amd64", "arm64", "ppc64le", "s390x"} {
		if diff := cmp.Diff(linkedModules(t, arch), named); diff != "" {
			t.Errorf("linux/%s is linked from other modules than the bill names (-linked +named):\n%s", arch, diff)
		}
	}
}
