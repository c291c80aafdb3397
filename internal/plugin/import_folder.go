// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klink-cloud/klink-operator/internal/manifest"
)

// folder is where an import writes one file for each Group.
type folder struct {
	path string
	// overwrite: files that say something else are overwritten.
	overwrite bool
}

// notDeclaredFile holds the reasons for what no manifest declares. No manifest has its name.
const notDeclaredFile = "not-declared.txt"

// write writes one file for each Group, and names them in the folder's kustomization
// beside what it names already: a Group that is dropped from there is pruned by GitOps, and
// its remote group archived. Nothing is written where a file says something else that a
// person may have written.
func (f *folder) write(ctx context.Context, manifests []manifest.Manifest, o manifest.Options) error {
	files, comments, err := texts(manifests, o)
	if err != nil {
		return err
	}
	if len(manifests) == 0 {
		return nil // an empty kustomization is refused by kubectl, and helps nobody
	}
	kustomization, text, err := f.kustomization(slices.Sorted(maps.Keys(files)))
	if err != nil {
		return err
	}
	if err := f.mayWrite(files); err != nil {
		return err
	}
	comments, stale, err := f.notes(comments, manifests)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.path, 0o750); err != nil {
		return err
	}
	declared := len(files)
	if comments != "" {
		files[notDeclaredFile] = comments
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := writeWhole(filepath.Join(f.path, name), files[name]); err != nil {
			return err
		}
	}
	if stale {
		if err := os.Remove(filepath.Join(f.path, notDeclaredFile)); err != nil {
			return err
		}
	}
	if declared == 0 {
		return nil
	}
	return writeWhole(filepath.Join(f.path, kustomization), text) // last: what it names is there
}

// texts are the files of the Groups, and the comments in the place of those that cannot be.
func texts(manifests []manifest.Manifest, o manifest.Options) (files map[string]string, comments string, _ error) {
	files = map[string]string{}
	for n := range manifests {
		text, err := manifests[n].YAML(o.Namespace)
		if err != nil {
			return nil, "", err
		}
		if manifests[n].Undeclarable != "" {
			comments += text
			continue
		}
		files[manifests[n].Name+".yaml"] = text
	}
	return files, comments, nil
}

// mayWrite finds out whether one of the files is there and says something else.
func (f *folder) mayWrite(files map[string]string) error {
	for name, text := range files {
		switch before, err := readRegular(filepath.Join(f.path, name)); {
		case err == nil && before != text && !f.overwrite:
			return f.saysElse(name)
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return err
		}
	}
	return nil
}

func (f *folder) saysElse(name string) error {
	return fmt.Errorf("%s says something else already: nothing was written (--overwrite writes it)", filepath.Join(f.path, name))
}

// readRegular reads a file, and nothing else: a link may lead out of the folder.
func readRegular(name string) (string, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file: nothing was written", name)
	}
	text, err := os.ReadFile(name)
	return string(text), err
}

// writeWhole writes a file that is there as a whole or not at all, and leaves alone one that
// says the same.
func writeWhole(name, text string) error {
	if before, err := readRegular(name); err == nil && before == text {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".klink-import-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close()) // for Git, and for others who work there
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that counts is the first
	}
	return err
}

// kustomization is that of the folder, by whichever name kustomize takes it, with the new
// files added to its resources.
func (f *folder) kustomization(files []string) (name, text string, err error) {
	for _, name = range []string{"kustomization.yml", "Kustomization", "kustomization.yaml"} {
		text, err = readRegular(filepath.Join(f.path, name))
		if !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
	case err != nil:
		return "", "", err
	}
	text, missing := manifest.WithResources(text, files)
	if missing != nil {
		return "", "", fmt.Errorf("%s cannot be added to without changing more: nothing was written; add to its resources yourself:\n- %s",
			filepath.Join(f.path, name), strings.Join(missing, "\n- "))
	}
	return name, text, nil
}
