// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// repository is where the sources are.
const repository = "https://github.com/klink-cloud/klink-operator"

// stamp is what an image says of itself.
type stamp struct {
	title, version, revision string
	date                     time.Time
}

func (s stamp) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":    s.title,
		"org.opencontainers.image.source":   repository,
		"org.opencontainers.image.version":  s.version,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	if s.revision != "" {
		labels["org.opencontainers.image.revision"] = s.revision
	}
	return labels
}

// images builds one image for each platform.
func (r *request) images(ctx context.Context, progress io.Writer) ([]v1.Image, error) {
	source, err := filepath.Abs(r.source)
	if err != nil {
		return nil, err
	}
	var images []v1.Image
	for _, platform := range r.platforms {
		_, _ = fmt.Fprintf(progress, "building %s %s for %s ...\n", filepath.Base(source), r.stamp.version, platform)
		program, err := compile(ctx, source, r.stamp.version, platform)
		if err != nil {
			return nil, err
		}
		image, err := pack(file{filepath.Base(source), 0o755, program}, platform, r.stamp)
		if err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	return images, nil
}

// pack makes the image of a program: one layer for what is around it, which all
// programs share, and one for the program.
func pack(program file, platform v1.Platform, s stamp) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, part := range []struct {
		files   []file
		history string
	}{
		{baseFiles(), "root certificates and users"},
		{[]file{program}, "/" + program.path},
	} {
		layer, err := layerOf(part.files, s.date)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer:   layer,
			History: v1.History{Created: v1.Time{Time: s.date}, CreatedBy: "hack/image", Comment: part.history},
		})
		if err != nil {
			return nil, err
		}
	}
	return configure(image, program.path, platform, s)
}

func configure(image v1.Image, program string, platform v1.Platform, s stamp) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: s.date}
	config.Config = v1.Config{
		User:       user + ":" + user,
		Entrypoint: []string{"/" + program},
		WorkingDir: "/",
		Labels:     s.labels(),
	}
	return mutate.ConfigFile(image, config)
}

// layerOf packs the files, and the folders they are in, all of the given time.
func layerOf(files []file, date time.Time) (v1.Layer, error) {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	made := map[string]bool{}
	for _, f := range files {
		if err := writeFolders(out, path.Dir(f.path), made, date); err != nil {
			return nil, err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode, Size: int64(len(f.content)), ModTime: date}
		if err := out.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := out.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// writeFolders writes the folder and those above it, unless that was done.
func writeFolders(out *tar.Writer, folder string, made map[string]bool, date time.Time) error {
	name := ""
	for part := range strings.SplitSeq(folder, "/") {
		name = path.Join(name, part)
		if name == "." || made[name] {
			continue
		}
		made[name] = true
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: date}); err != nil {
			return err
		}
	}
	return nil
}
