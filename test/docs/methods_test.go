// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// mostMethods is how many methods a type may have. Of one with more, nobody can say from the
// type what a method may touch: another type hides in it.
const mostMethods = 25

// TestNoTypeHasTooManyMethods counts the methods of every type of the repository, also those
// of tests, of nested modules, and those that embedded types of the same package bring along.
func TestNoTypeHasTooManyMethods(t *testing.T) {
	counted := map[string]int{}
	for name, files := range packages(t) {
		for of, n := range countMethods(files) {
			counted[name+"."+of] = n
		}
	}
	if len(counted) == 0 {
		t.Fatal("the repository has no types")
	}
	for _, name := range slices.Sorted(maps.Keys(counted)) {
		if n := counted[name]; n > mostMethods {
			t.Errorf("%s has %d methods, and may have %d: find the type that hides in it", name, n, mostMethods)
		}
	}
}

func TestMethodsOfEmbeddedTypesCount(t *testing.T) {
	const text = `package p
type base struct{}
func (base) A() {}
func (*base) B() {}
type generic[K comparable, V any] struct{ *base }
func (g *generic[K, V]) C() {}
type outer struct {
	generic[string, int]
	*other.Client
	named base
}
func (o outer) A() {}
func (outer) D() {}
type loop struct{ *loop }
func (loop) A() {}
type reader interface { Read(); Close() }
type writer interface { reader; Write() }
type alias = outer
type function func()
func (function) A() {}
func free() {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"base": 2, "generic": 3, "outer": 4, "loop": 1, "reader": 2, "writer": 3, "function": 1}
	if diff := cmp.Diff(want, countMethods([]*ast.File{file})); diff != "" {
		t.Error(diff)
	}
}

// packages are the parsed files of all packages of the repository, by folder. Tests that stand
// outside of their package have the folder's name with _test behind it.
func packages(t *testing.T) map[string][]*ast.File {
	t.Helper()
	found := map[string][]*ast.File{}
	root := checkout.Path(".")
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		of := path.Dir(filepath.ToSlash(relative))
		if strings.HasSuffix(file.Name.Name, "_test") {
			of += "_test"
		}
		found[of] = append(found[of], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// declared is what a package says of one of its types.
type declared struct{ methods, embedded []string }

// countMethods counts the methods of the types of one package. What two embedded types both
// have counts once.
func countMethods(files []*ast.File) map[string]int {
	types := map[string]*declared{}
	of := func(name string) *declared {
		if types[name] == nil {
			types[name] = &declared{}
		}
		return types[name]
	}
	for _, file := range files {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					receiver := of(typeName(d.Recv.List[0].Type))
					receiver.methods = append(receiver.methods, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && !s.Assign.IsValid() {
						of(s.Name.Name).take(s.Type)
					}
				}
			}
		}
	}
	counted := map[string]int{}
	for name := range types {
		all := map[string]bool{}
		collect(types, name, all, map[string]bool{})
		counted[name] = len(all)
	}
	return counted
}

// take notes the methods of an interface, and what a type embeds.
func (d *declared) take(of ast.Expr) {
	switch underlying := of.(type) {
	case *ast.StructType:
		for _, field := range underlying.Fields.List {
			if len(field.Names) == 0 {
				d.embedded = append(d.embedded, typeName(field.Type))
			}
		}
	case *ast.InterfaceType:
		for _, field := range underlying.Methods.List {
			if len(field.Names) == 0 {
				d.embedded = append(d.embedded, typeName(field.Type))
			}
			for _, method := range field.Names {
				d.methods = append(d.methods, method.Name)
			}
		}
	}
}

// collect adds the methods of a type and of what it embeds.
func collect(types map[string]*declared, name string, all, seen map[string]bool) {
	d := types[name]
	if d == nil || seen[name] {
		return
	}
	seen[name] = true
	for _, method := range d.methods {
		all[method] = true
	}
	for _, embedded := range d.embedded {
		collect(types, embedded, all, seen)
	}
}

// typeName is the name of a type of the same package, without pointers and parameters; of
// any other it is "".
func typeName(of ast.Expr) string {
	switch e := of.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ParenExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}
