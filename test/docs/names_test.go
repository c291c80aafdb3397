// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestEveryReasonIsExplained compares the tables of reasons with the constants
// of the API.
func TestEveryReasonIsExplained(t *testing.T) {
	var want []string
	for name, value := range constants(t, "api/v1alpha1") {
		if strings.HasPrefix(name, "Reason") {
			want = append(want, value)
		}
	}
	page := checkout.Read(t, "docs/troubleshooting.md")
	got := append(tabled(section(t, page, "## Reasons of a Group")), tabled(section(t, page, "## Reasons of a connection"))...)
	sameNames(t, got, want)
}

// TestEveryAnnotationIsMentioned looks for the annotations in all pages.
func TestEveryAnnotationIsMentioned(t *testing.T) {
	var all strings.Builder
	for _, page := range pages(t) {
		all.WriteString(checkout.Read(t, page))
	}
	found := 0
	for name, value := range constants(t, "api/v1alpha1") {
		if !strings.HasPrefix(name, "Annotation") {
			continue
		}
		found++
		if !regexp.MustCompile(regexp.QuoteMeta(value) + `\b`).MatchString(all.String()) {
			t.Errorf("no page mentions %s", value)
		}
	}
	if found == 0 {
		t.Error("the API has no annotations")
	}
}

// TestEveryFlagIsExplained compares the table of flags with those of the manager.
func TestEveryFlagIsExplained(t *testing.T) {
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	new(manager.Options).BindFlags(flags)
	var want []string
	flags.VisitAll(func(f *flag.Flag) { want = append(want, "--"+f.Name) })
	sameNames(t, tabled(section(t, checkout.Read(t, readme), "## Flags of the manager")), want)
}

// TestEveryMetricIsListed compares the table of metrics with the names in the code.
func TestEveryMetricIsListed(t *testing.T) {
	metric := regexp.MustCompile(`^klink_[a-z_]+$`)
	var want []string
	for _, file := range parse(t, "internal/metrics") {
		ast.Inspect(file, func(n ast.Node) bool {
			if value, ok := stringOf(n); ok && metric.MatchString(value) {
				want = append(want, value)
			}
			return true
		})
	}
	sameNames(t, tabled(section(t, checkout.Read(t, readme), "## Metrics")), want)
}

// sameNames wants the same names, each once.
func sameNames(t *testing.T, got, want []string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("the code has no such names")
	}
	want = slices.Compact(slices.Sorted(slices.Values(want)))
	// A reason that Groups and connections share stands in both tables.
	got = slices.Compact(slices.Sorted(slices.Values(got)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- is in the code, + in the page:\n%s", diff)
	}
}

// constants are the string constants of a package by name.
func constants(t *testing.T, folder string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, file := range parse(t, folder) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
				for i, name := range spec.Names {
					if value, ok := stringOf(spec.Values[i]); ok {
						values[name.Name] = value
					}
				}
			}
			return true
		})
	}
	return values
}

func stringOf(n ast.Node) (string, bool) {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

// parse parses the Go files of a folder, its tests left out.
func parse(t *testing.T, folder string) []*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, name := range checkout.Glob(t, folder+"/*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, checkout.Read(t, name), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return slices.Collect(maps.Values(files))
}
