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
	"strings"
)

// mutant is one deliberate break: a piece of a file, and the edits that let a switch choose
// between what stands there and what is broken.
type mutant struct {
	file       string // from the root of the repository
	line       int
	start, end int // in bytes
	kind       string
	code       string // the line, as a reader finds it
	edits      []edit
}

// name names a mutant by what it breaks, and not by its line, so that a reason given for
// it outlives a change further up.
func (m mutant) name() string {
	return fmt.Sprintf("%s: %s: %s", m.file, m.kind, m.code)
}

// source is a file that is to be broken.
type source struct {
	path    string
	text    []byte
	mutants []mutant
}

func (s source) digest() string {
	sum := sha256.Sum256(s.text)
	return hex.EncodeToString(sum[:8])
}

// sourcesOf are the files of a package, but for its tests.
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
		s := source{path: path, text: text}
		if err := s.find(); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no Go files", folder)
	}
	return all, nil
}

// functions are what chooses between an operator and the one in its place (switch.go.txt).
var functions = map[token.Token]string{
	token.LAND: "mutantAnd", token.LOR: "mutantOr",
	token.LSS: "mutantLess", token.LEQ: "mutantLessOrEqual", token.GTR: "mutantMore", token.GEQ: "mutantMoreOrEqual",
	token.ADD: "mutantAdd", token.SUB: "mutantSubtract",
}

// find finds all deliberate breaks of a file: a statement that is left out, a condition
// that is negated, an operator or a truth value that is exchanged. What stands around
// another is found before it.
func (s *source) find() error {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, s.path, s.text, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parsing what is to be broken: %w", err)
	}
	lines := strings.Split(string(s.text), "\n")
	add := func(kind string, n ast.Node, opening, closing string, more ...edit) {
		start, end := files.Position(n.Pos()), files.Position(n.End())
		s.mutants = append(s.mutants, mutant{s.path, start.Line, start.Offset, end.Offset, kind, strings.TrimSpace(lines[start.Line-1]),
			append(more, edit{at: start.Offset, rank: opens, text: opening}, edit{at: end.Offset, rank: closes, text: closing})})
	}
	negate := func(cond ast.Expr) {
		if cond != nil && !isComparison(cond) { // that is exchanged, which is the same
			add("negated", cond, "((", ") != mutantOn(#))")
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR // a constant that is exchanged breaks what it is compared with, too
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			for _, statement := range statementsOf(n) {
				if mayBeLeftOut(statement) {
					add("left out", statement, "if !mutantOn(#) { ", " }")
				}
			}
		case *ast.IfStmt:
			negate(n.Cond)
		case *ast.ForStmt:
			negate(n.Cond)
		case *ast.BinaryExpr:
			if opening, closing, ok := exchange(n); ok {
				add("exchanged "+n.Op.String(), n, opening, closing, operatorOf(n, files)...)
			}
		case *ast.Ident:
			if n.Name == "true" || n.Name == "false" {
				add("exchanged "+n.Name, n, "(", " != mutantOn(#))")
			}
		}
		return true
	})
	return nil
}

// exchange returns what stands around an expression whose operator a switch exchanges.
func exchange(n *ast.BinaryExpr) (opening, closing string, ok bool) {
	name, ok := functions[n.Op]
	switch {
	case isComparison(n):
		return "((", ") != mutantOn(#))", true
	case n.Op == token.LAND || n.Op == token.LOR:
		return name + "(#, ", ")})", true
	}
	return name + "(#, ", ")", ok
}

// operatorOf replaces the operator by what stands between two arguments; the second of && and
// || is evaluated only where it has to be.
func operatorOf(n *ast.BinaryExpr, files *token.FileSet) []edit {
	e := edit{at: files.Position(n.OpPos).Offset, remove: len(n.Op.String()), rank: replaces, text: ","}
	switch {
	case isComparison(n):
		return nil
	case n.Op == token.LAND || n.Op == token.LOR:
		e.text = ", func() bool { return ("
	}
	return []edit{e}
}

// isComparison: == or !=.
func isComparison(e ast.Expr) bool {
	b, ok := e.(*ast.BinaryExpr)
	return ok && (b.Op == token.EQL || b.Op == token.NEQ)
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

// mayBeLeftOut: without it the program compiles, and is likely to do something else.
func mayBeLeftOut(statement ast.Stmt) bool {
	switch s := statement.(type) {
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return true
		}
		name, ok := call.Fun.(*ast.Ident)
		return !ok || name.Name != "panic" // without which a function may lack its return
	case *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.RangeStmt:
		return true
	case *ast.IfStmt:
		return s.Else == nil
	}
	return false
}
