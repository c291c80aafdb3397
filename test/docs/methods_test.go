// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// mostMethods is how many methods a type may have. Of one with more, nobody can say from the
// type what a method may touch: another type hides in it.
const mostMethods = 25

// TestNoTypeHasTooManyMethods counts the methods of every type of the repository, also those
// of tests, of nested modules, and those that embedded types of the repository bring along.
func TestNoTypeHasTooManyMethods(t *testing.T) {
	counted := countMethods(packages(t))
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
	texts := map[string]string{
		"p": `package p
import (
	"net/http"
	"github.com/klink-cloud/klink-operator/q"
	far "github.com/klink-cloud/klink-operator/q/r"
)
type base struct{}
func (base) A() {}
func (*base) B() {}
type generic[K comparable, V any] struct{ *base }
func (g *generic[K, V]) C() {}
type outer struct {
	generic[string, int]
	*http.Client
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
type imported struct { *q.Base; far.Generic[int] }
type both interface { q.Reader; reader }
func free() {}
`,
		"q": `package q
type Base struct{}
func (Base) A() {}
func (Base) a() {}
type Reader interface { Read(); Seek() }
`,
		"q/r": `package other
import "github.com/klink-cloud/klink-operator/q"
type Generic[T any] struct { q.Base }
func (Generic[T]) C() {}
`,
	}
	parsed := map[string][]*ast.File{}
	for folder, text := range texts {
		file, err := parser.ParseFile(token.NewFileSet(), folder, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed[folder] = []*ast.File{file}
	}
	want := map[string]int{
		"p.base": 2, "p.generic": 3, "p.outer": 4, "p.loop": 1, "p.reader": 2, "p.writer": 3, "p.function": 1,
		"p.imported": 3, "p.both": 3, "q.Base": 2, "q.Reader": 2, "q/r.Generic": 3,
	}
	if diff := cmp.Diff(want, countMethods(parsed)); diff != "" {
		t.Error(diff)
	}
}

// packages are the parsed files of all packages of the repository, by folder. Tests that stand
// outside of their package have the folder's name with _test behind it.
func packages(t *testing.T) map[string][]*ast.File {
	t.Helper()
	found := map[string][]*ast.File{}
	for _, name := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), checkout.Path(name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		of := path.Dir(name)
		if strings.HasSuffix(file.Name.Name, "_test") {
			of += "_test"
		}
		found[of] = append(found[of], file)
	}
	return found
}

// declared is what a package says of one of its types. Other types are named by their folder
// and name, as in internal/simulator.Server.
type declared struct{ methods, embedded []string }

// countMethods counts the methods of the types of all packages. What two embedded types both
// have counts once.
func countMethods(packages map[string][]*ast.File) map[string]int {
	types := map[string]*declared{}
	of := func(name string) *declared {
		if types[name] == nil {
			types[name] = &declared{}
		}
		return types[name]
	}
	for folder, files := range packages {
		for _, file := range files {
			in := scope{folder: folder, imports: ownImports(file, packages)}
			for _, decl := range file.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					if d.Recv != nil {
						receiver := of(in.typeName(d.Recv.List[0].Type))
						receiver.methods = append(receiver.methods, d.Name.Name)
					}
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						if s, ok := spec.(*ast.TypeSpec); ok && !s.Assign.IsValid() {
							of(in.typeName(s.Name)).take(in, s.Type)
						}
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
func (d *declared) take(in scope, of ast.Expr) {
	switch underlying := of.(type) {
	case *ast.StructType:
		for _, field := range underlying.Fields.List {
			if len(field.Names) == 0 {
				d.embedded = append(d.embedded, in.typeName(field.Type))
			}
		}
	case *ast.InterfaceType:
		for _, field := range underlying.Methods.List {
			if len(field.Names) == 0 {
				d.embedded = append(d.embedded, in.typeName(field.Type))
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

// scope is what the names of types in one file refer to.
type scope struct {
	folder  string
	imports map[string]string // the folders of the repository's packages, by the name that the file has for them
}

// ownImports are what a file imports of the repository. Its nested modules have their folder in
// their path too, so that there is no need to know where one begins.
func ownImports(file *ast.File, packages map[string][]*ast.File) map[string]string {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		folder, own := strings.CutPrefix(imported, "github.com/klink-cloud/klink-operator/")
		if err != nil || !own || packages[folder] == nil {
			continue
		}
		name := packages[folder][0].Name.Name
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = folder
	}
	return imports
}

// typeName is the folder and the name of a type of the repository, without pointers and
// parameters; of any other it is "".
func (in scope) typeName(of ast.Expr) string {
	switch e := of.(type) {
	case *ast.Ident:
		return in.folder + "." + e.Name
	case *ast.SelectorExpr:
		if from, ok := e.X.(*ast.Ident); ok && in.imports[from.Name] != "" {
			return in.imports[from.Name] + "." + e.Sel.Name
		}
	case *ast.StarExpr:
		return in.typeName(e.X)
	case *ast.ParenExpr:
		return in.typeName(e.X)
	case *ast.IndexExpr:
		return in.typeName(e.X)
	case *ast.IndexListExpr:
		return in.typeName(e.X)
	}
	return ""
}
