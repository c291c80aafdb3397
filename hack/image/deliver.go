// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// deliver puts the images where the request wants them, and prints the digest
// that all of them together have.
func (r *request) deliver(ctx context.Context, images []v1.Image, out io.Writer) error {
	index, err := r.index(images)
	if err != nil {
		return err
	}
	if r.archive != "" {
		if err := r.writeArchive(images, out); err != nil {
			return err
		}
	}
	if r.layout != "" {
		if err := r.writeLayout(index, out); err != nil {
			return err
		}
	}
	if r.push {
		if err := remote.WriteIndex(r.reference, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("pushing %s: %w", r.reference, err)
		}
		_, _ = fmt.Fprintln(out, "pushed", r.reference)
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s is %s\n", r.reference, digest)
	return nil
}

// index is the list of the images by platform.
func (r *request) index(images []v1.Image) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, image := range images {
		descriptor := v1.Descriptor{Platform: &r.platforms[i]}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: descriptor})
	}
	annotated, ok := mutate.Annotations(index, r.stamp.labels()).(v1.ImageIndex)
	if !ok {
		return nil, errors.New("annotating the index made no index")
	}
	return annotated, nil
}

// writeArchive writes the image of this machine's architecture, or the first if
// there is none: an archive holds one.
func (r *request) writeArchive(images []v1.Image, out io.Writer) error {
	chosen := max(0, slices.IndexFunc(r.platforms, func(p v1.Platform) bool { return p.Architecture == runtime.GOARCH }))
	if err := os.MkdirAll(filepath.Dir(r.archive), 0o755); err != nil { //nolint:gosec // bin/, which others may read
		return err
	}
	if err := tarball.WriteToFile(r.archive, r.reference, images[chosen]); err != nil {
		return fmt.Errorf("writing %s: %w", r.archive, err)
	}
	info, err := os.Stat(r.archive)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s: %s for %s, %.1f MB\n", r.archive, r.reference, r.platforms[chosen], float64(info.Size())/1e6)
	return nil
}

// writeLayout replaces an older layout, which would be added to otherwise, but
// nothing else that a mistaken path may name.
func (r *request) writeLayout(index v1.ImageIndex, out io.Writer) error {
	if _, err := layout.FromPath(r.layout); err == nil {
		if err := os.RemoveAll(r.layout); err != nil {
			return err
		}
	}
	path, err := layout.Write(r.layout, empty.Index)
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.layout, err)
	}
	named := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.reference.TagStr()})
	if err := path.AppendIndex(index, named); err != nil {
		return fmt.Errorf("writing %s: %w", r.layout, err)
	}
	_, _ = fmt.Fprintf(out, "%s: %s for %d platforms\n", r.layout, r.reference, len(r.platforms))
	return nil
}
