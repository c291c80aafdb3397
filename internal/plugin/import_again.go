// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manifest"
)

// named says, by id, which names groups have in the folder from an earlier import. A group that
// was renamed since would else get a second manifest, and the two stand in each other's way.
func (f *folder) named() (map[string]string, error) {
	if f.path == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(f.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	kept := map[string]string{}
	for _, entry := range entries {
		text, err := readRegular(filepath.Join(f.path, entry.Name()))
		if err != nil {
			continue // what is no file is looked at when it would be written
		}
		var g v1alpha1.Group
		name, isManifest := strings.CutSuffix(entry.Name(), ".yaml")
		if !isManifest || yaml.Unmarshal([]byte(text), &g) != nil || g.Kind != "Group" || g.APIVersion != v1alpha1.GroupVersion.String() || g.Name != name {
			continue
		}
		if id := g.Spec.GroupID; id != "" && kept[id] == "" {
			kept[id] = name
		}
	}
	return kept, nil
}

// notes are the reasons for what is not declared: those of this import, and those of an
// earlier one about groups that this one is not about. stale: none is left, and the file is there.
func (f *folder) notes(comments string, manifests []manifest.Manifest) (text string, stale bool, err error) {
	before, err := readRegular(filepath.Join(f.path, notDeclaredFile))
	if errors.Is(err, os.ErrNotExist) {
		return comments, false, nil
	} else if err != nil {
		return "", false, err
	}
	about := make([]string, 0, len(manifests))
	for n := range manifests {
		about = append(about, manifest.NotDeclared(manifests[n].Remote.ID))
	}
	kept := ""
	for line := range strings.Lines(before) {
		if !strings.HasPrefix(line, manifest.NotDeclaredPrefix) && !f.overwrite {
			return "", false, f.saysElse(notDeclaredFile)
		}
		now := func(begin string) bool { return strings.HasPrefix(line, begin) }
		if strings.HasPrefix(line, manifest.NotDeclaredPrefix) && !slices.ContainsFunc(about, now) {
			kept += line
		}
	}
	return kept + comments, kept+comments == "", nil
}
