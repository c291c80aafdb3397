// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// document is what a bill must have.
type document struct {
	BOMFormat   string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Metadata    struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components []component `json:"components"`
}

type component struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	Hashes  []struct {
		Content string `json:"content"`
	} `json:"hashes"`
}

// check compares a bill with the modules that are linked, by their paths.
func check(bill []byte, linked map[string]string) error {
	var d document
	if err := json.Unmarshal(bill, &d); err != nil {
		return fmt.Errorf("the bill is not JSON: %w", err)
	}
	if d.BOMFormat != "CycloneDX" || d.SpecVersion == "" {
		return fmt.Errorf("the bill is not CycloneDX but %q %q", d.BOMFormat, d.SpecVersion)
	}
	if name := d.Metadata.Component.Name; name != "github.com/klink-cloud/klink-operator" {
		return fmt.Errorf("the bill is of %q", name)
	}
	var problems []error
	named := map[string]bool{}
	for _, c := range d.Components {
		named[c.Name] = true
		version, isLinked := linked[c.Name]
		switch {
		case c.Name == "std": // the standard library, which is no module
		case !isLinked:
			problems = append(problems, fmt.Errorf("%s is named and not linked", c.Name))
		case c.Version != version:
			problems = append(problems, fmt.Errorf("%s is named in version %s and linked in %s", c.Name, c.Version, version))
		case c.PURL == "" || len(c.Hashes) == 0:
			problems = append(problems, fmt.Errorf("%s has no purl or no sum", c.Name))
		}
	}
	for _, path := range append(slices.Sorted(maps.Keys(linked)), "std") {
		if !named[path] {
			problems = append(problems, fmt.Errorf("%s is linked and not named", path))
		}
	}
	return errors.Join(problems...)
}
