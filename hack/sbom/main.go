// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command sbom writes the bill of materials of the manager as CycloneDX JSON: the
// modules that are linked into it, with their versions and sums. All is taken from
// the module cache.
//
// What does not belong here: how the bill is made, which is the pinned tool's work,
// and what is known against the modules (make vulncheck).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", "../..", "The folder of the operator's module.")
	output := flag.String("output", "../../bin/klink-operator.cdx.json", "The file to write.")
	flag.Parse()
	if err := run(context.Background(), *root, *output); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// run writes the bill, if it names what is linked and nothing else.
func run(ctx context.Context, root, output string) error {
	bill, err := generate(ctx, root)
	if err != nil {
		return err
	}
	linked, err := modules(ctx, root, "amd64")
	if err != nil {
		return err
	}
	if err := check(bill, linked); err != nil {
		return err
	}
	// It is published: others may read it, and what is built beside it.
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	return os.WriteFile(output, bill, 0o644) //nolint:gosec // as above
}
