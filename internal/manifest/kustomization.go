// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// WithResources is the text of a kustomization with these files among its resources. What
// people have written in it, comments too, stays as it is. Where that is not possible, the
// files that are missing are returned.
func WithResources(text string, files []string) (with string, missing []string) {
	var before map[string]any
	if yaml.Unmarshal([]byte(text), &before) != nil {
		return text, files
	}
	resources, _ := before["resources"].([]any)
	var added []string
	for _, file := range files {
		listed := func(r any) bool { name, ok := r.(string); return ok && path.Clean(name) == file }
		if !slices.ContainsFunc(resources, listed) {
			added = append(added, file)
		}
	}
	if len(added) == 0 {
		return text, nil
	}
	with = insert(text, added)
	after, want := map[string]any{}, map[string]any{"resources": resources}
	for key, value := range before {
		want[key] = value
	}
	for _, file := range added {
		resources = append(resources, file)
	}
	want["resources"] = resources
	if yaml.Unmarshal([]byte(with), &after) != nil || !reflect.DeepEqual(after, want) {
		return text, added
	}
	return with, nil
}

// insert puts the files behind the last item of resources.
func insert(text string, files []string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	start := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "resources:") })
	if start < 0 {
		lines, start = append(lines, "resources:"), len(lines)
	}
	if strings.TrimSpace(strings.TrimPrefix(lines[start], "resources:")) == "[]" {
		lines[start] = "resources:"
	}
	last, indent := start, ""
	for n := start + 1; n < len(lines); n++ {
		item := strings.TrimLeft(lines[n], " ")
		if strings.HasPrefix(item, "- ") {
			last, indent = n, lines[n][:len(lines[n])-len(item)]
		} else if item != "" && !strings.HasPrefix(item, "#") {
			break
		}
	}
	items := make([]string, 0, len(files))
	for _, file := range files {
		items = append(items, indent+"- "+file)
	}
	return strings.Join(slices.Insert(lines, last+1, items...), "\n") + "\n"
}
