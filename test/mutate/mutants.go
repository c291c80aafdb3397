// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one deliberate break: a piece of a file, and what stands in its place.
type mutant struct {
	file       string // from the root of the repository
	line       int
	start, end int // in bytes
	kind, with string
	code       string // the line, as a reader finds it
}

// name names a mutant by what it breaks, and not by its line, so that a reason given for
// it outlives a change further up.
func (m mutant) name() string {
	return fmt.Sprintf("%s: %s: %s", m.file, m.kind, m.code)
}

// source is a file that is to be broken.
type source struct {
	path string
	text []byte
}

func (s source) digest() string {
	sum := sha256.Sum256(s.text)
	return hex.EncodeToString(sum[:8])
}

// sourcesOf are the files of a package, but for its tests and what is generated.
func sourcesOf(folder string) ([]source, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	var all []source
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading what is to be broken: %w", err)
		}
		all = append(all, source{path, text})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no Go files", folder)
	}
	return all, nil
}

// swaps are the operators that are exchanged.
var swaps = map[token.Token]string{
	token.LAND: "||", token.LOR: "&&", token.EQL: "!=", token.NEQ: "==",
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.ADD: "-", token.SUB: "+",
}

// mutants are all deliberate breaks of a file: a statement that is left out, a condition
// that is negated, an operator or a constant that is exchanged.
func (s source) mutants() ([]mutant, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, s.path, s.text, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parsing what is to be broken: %w", err)
	}
	lines := strings.Split(string(s.text), "\n")
	var found []mutant
	add := func(kind string, from, to token.Pos, with string) {
		start, end := files.Position(from), files.Position(to)
		m := mutant{s.path, start.Line, start.Offset, end.Offset, kind, with, strings.TrimSpace(lines[start.Line-1])}
		if !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	negate := func(cond ast.Expr) {
		if cond != nil {
			text := s.text[files.Position(cond.Pos()).Offset:files.Position(cond.End()).Offset]
			add("negated", cond.Pos(), cond.End(), "!("+string(text)+")")
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR // a constant that is exchanged breaks what it is compared with, too
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			for _, statement := range statementsOf(n) {
				if mayBeLeftOut(statement) {
					add("left out", statement.Pos(), statement.End(), "")
				}
			}
		case *ast.IfStmt:
			negate(n.Cond)
		case *ast.ForStmt:
			negate(n.Cond)
		case *ast.BinaryExpr:
			if with, ok := swaps[n.Op]; ok {
				add("exchanged "+n.Op.String(), n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
			}
		case *ast.Ident:
			if with := map[string]string{"true": "false", "false": "true"}[n.Name]; with != "" {
				add("exchanged "+n.Name, n.Pos(), n.End(), with)
			}
		}
		return true
	})
	return found, nil
}

// statementsOf are those that stand in a node by themselves.
func statementsOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// mayBeLeftOut: without it the program is likely to compile, and to do something else.
func mayBeLeftOut(statement ast.Stmt) bool {
	switch s := statement.(type) {
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.RangeStmt:
		return true
	case *ast.IfStmt:
		return s.Else == nil
	}
	return false
}

// broken is the file with the mutant in it.
func (s source) broken(m mutant) []byte {
	return slices.Concat(s.text[:m.start], []byte(m.with), s.text[m.end:])
}
