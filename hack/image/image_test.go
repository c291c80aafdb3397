// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	managerSource = "../../cmd/manager"
	helloSource   = "testdata/hello"
)

// build runs the command as make does and returns what it says.
func build(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// contents are the files of the image by name.
func contents(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	stream := mutate.Extract(image)
	defer func() { _ = stream.Close() }()
	files := map[string][]byte{}
	archive := tar.NewReader(stream)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Mode&0o022 != 0 {
			t.Errorf("%s belongs to %d:%d with mode %o: others than root may change it", header.Name, header.Uid, header.Gid, header.Mode)
		}
		if header.Typeflag == tar.TypeReg {
			if files[header.Name], err = io.ReadAll(archive); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestArchiveOfTheManager(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	archive := filepath.Join(t.TempDir(), "sub", "image.tar")
	build(t, "-name=example.com/klink-operator:v1.2.3", "-version=v1.2.3", "-revision=abc123", "-archive="+archive, managerSource)

	tag := name.MustParseReference("example.com/klink-operator:v1.2.3").(name.Tag)
	image, err := tarball.ImageFromPath(archive, &tag)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User:       "65532:65532",
		Entrypoint: []string{"/manager"},
		WorkingDir: "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "klink-operator",
			"org.opencontainers.image.source":   "https://github.com/klink-cloud/klink-operator",
			"org.opencontainers.image.version":  "v1.2.3",
			"org.opencontainers.image.revision": "abc123",
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if got := config.OS + "/" + config.Architecture; got != "linux/"+runtime.GOARCH {
		t.Errorf("platform %s", got)
	}
	if got := config.Created.Unix(); got != 1790000000 {
		t.Errorf("created at %d, not when the sources were changed", got)
	}
	files := contents(t, image)
	checkCertificates(t, files["etc/ssl/certs/ca-certificates.crt"])
	if !strings.Contains(string(files["etc/passwd"]), "\nnonroot:x:65532:65532:") {
		t.Errorf("no user nonroot in %q", files["etc/passwd"])
	}
	checkVersion(t, files["manager"])
	if len(files) != 4 {
		t.Errorf("%d files in the image, want 4", len(files))
	}
}

func checkCertificates(t *testing.T, content []byte) {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		t.Fatal("no root certificates")
	}
	if got := strings.Count(string(content), "BEGIN CERTIFICATE"); got < 100 {
		t.Errorf("%d root certificates", got)
	}
}

// checkVersion runs the program out of the image.
func checkVersion(t *testing.T, program []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manager")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "--version").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "v1.2.3" {
		t.Errorf("manager --version: %q, %v", out, err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range info.Settings {
		if strings.HasPrefix(setting.Key, "vcs") {
			t.Errorf("the state of the checkout is in the program: %s=%s", setting.Key, setting.Value)
		}
	}
	binary, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if libraries, _ := binary.ImportedLibraries(); len(libraries) > 0 {
		t.Errorf("not static: needs %v", libraries)
	}
}

func TestLayoutHasAllPlatforms(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "oci")
	args := []string{"-name=hello:v1", "-platforms=linux/amd64, linux/arm64,linux/arm/v7", "-layout=" + folder, helloSource}
	build(t, args...)
	build(t, args...) // a second build takes the place of the first
	path, err := layout.FromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	root, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 {
		t.Fatalf("%d images in the layout, want one", len(manifest.Manifests))
	}
	index, err := root.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	checkPlatforms(t, index, map[string]elf.Machine{
		"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64, "linux/arm/v7": elf.EM_ARM,
	})
}

func checkPlatforms(t *testing.T, index v1.ImageIndex, machines map[string]elf.Machine) {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIImageIndex || len(manifest.Manifests) != len(machines) {
		t.Fatalf("%s with %d images", manifest.MediaType, len(manifest.Manifests))
	}
	for _, descriptor := range manifest.Manifests {
		image, err := index.Image(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		platform := descriptor.Platform.String()
		if got := config.Platform().String(); got != platform {
			t.Errorf("the index says %s, the image %s", platform, got)
		}
		program, err := elf.NewFile(bytes.NewReader(contents(t, image)["hello"]))
		if err != nil {
			t.Fatal(err)
		}
		if program.Machine != machines[platform] {
			t.Errorf("the program for %s is for %s", platform, program.Machine)
		}
	}
}

func TestArchiveIsForThisMachine(t *testing.T) {
	other := "linux/arm64"
	if runtime.GOARCH == "arm64" {
		other = "linux/amd64"
	}
	own := "linux/" + runtime.GOARCH
	for platforms, want := range map[string]string{other + "," + own: own, other: other} {
		archive := filepath.Join(t.TempDir(), "image.tar")
		build(t, "-name=hello:v1", "-platforms="+platforms, "-archive="+archive, helloSource)
		image, err := tarball.ImageFromPath(archive, nil)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := config.Platform().String(); got != want {
			t.Errorf("the archive of %s is for %s, want %s", platforms, got, want)
		}
	}
}

func TestLayoutReplacesNothingElse(t *testing.T) {
	folder := t.TempDir()
	kept := filepath.Join(folder, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = run(t.Context(), []string{"-name=hello:v1", "-layout=" + folder, helloSource}, io.Discard)
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("a file that is no part of a layout is gone: %v", err)
	}
}

func TestSameInputSameDigest(t *testing.T) {
	digest := func(epoch, version string) string {
		t.Setenv("SOURCE_DATE_EPOCH", epoch)
		out := build(t, "-name=hello:v1", "-version="+version, helloSource)
		_, digest, _ := strings.Cut(out, "hello:v1 is ")
		return digest
	}
	first := digest("1790000000", "v1")
	if again := digest("1790000000", "v1"); again != first || first == "" {
		t.Errorf("the same input makes %q and %q", first, again)
	}
	if digest("1790000001", "v1") == first || digest("1790000000", "v2") == first {
		t.Error("another date or version makes the same image")
	}
}

func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/hello:v1"
	build(t, "-name="+reference, "-platforms=linux/amd64,linux/arm64", "-push", helloSource)
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	checkPlatforms(t, index, map[string]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64})
}

func TestMistakes(t *testing.T) {
	for what, args := range map[string][]string{
		"no program":         {"-name=hello:v1"},
		"no name":            {helloSource},
		"not a platform":     {"-name=hello:v1", "-platforms=a/b/c/d", helloSource},
		"unknown platform":   {"-name=hello:v1", "-platforms=linux/abacus", helloSource},
		"not a program":      {"-name=hello:v1", "testdata"},
		"registry is absent": {"-name=127.0.0.1:1/hello:v1", "-push", helloSource},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if err := run(t.Context(), []string{"-name=hello:v1", helloSource}, io.Discard); err == nil {
		t.Error("SOURCE_DATE_EPOCH is no number: no error")
	}
}

// TestDockerfileMakesTheSame keeps the two ways to an image together.
func TestDockerfileMakesTheSame(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"USER " + user + ":" + user, `ENTRYPOINT ["/manager"]`, versionVariable + "=", "-trimpath", "-buildvcs=false", "CGO_ENABLED=0"}
	for label := range (stamp{revision: "x"}).labels() {
		want = append(want, label+"=")
	}
	for _, line := range want {
		if !strings.Contains(string(text), line) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
}
