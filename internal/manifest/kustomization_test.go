// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import "testing"

// TestWithResources: what a person has written in a kustomization stays there.
func TestWithResources(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		files      []string
		refused    bool
	}{
		"a new one":     {text: "kind: Kustomization\n", files: []string{"a.yaml", "b.yaml"}, want: "kind: Kustomization\nresources:\n- a.yaml\n- b.yaml\n"},
		"nothing to do": {text: "resources: [./a.yaml] # ours\n", files: []string{"a.yaml"}, want: "resources: [./a.yaml] # ours\n"},
		"among others": {
			text:  "# ours\nresources: # all\n  - ../base # first\n\n  # the hotels\n  - a.yaml\nnamePrefix: x-\n",
			files: []string{"b.yaml"}, want: "# ours\nresources: # all\n  - ../base # first\n\n  # the hotels\n  - a.yaml\n  - b.yaml\nnamePrefix: x-\n",
		},
		"an empty list": {text: "resources: []\nnamePrefix: x-\n", files: []string{"b.yaml"}, want: "resources:\n- b.yaml\nnamePrefix: x-\n"},
		"a flow":        {text: "resources: [a.yaml]\n", files: []string{"b.yaml"}, want: "resources: [a.yaml]\n", refused: true},
		"a mapping":     {text: "resources: {a: b}\n", files: []string{"b.yaml"}, want: "resources: {a: b}\n", refused: true},
		"no YAML":       {text: "a: [", files: []string{"b.yaml"}, want: "a: [", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, missing := WithResources(c.text, c.files)
			if got != c.want || (missing != nil) != c.refused {
				t.Errorf("refused: %v\n%s\nwant\n%s", missing, got, c.want)
			}
		})
	}
}
