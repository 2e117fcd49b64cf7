package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
)

// mutant is one small change of one file.
type mutant struct {
	in       *listed
	file     string
	line     int
	from, to int // bytes of the file that are replaced
	with     string
	was      string
}

// String tells where the mutant is, and what it changes.
func (m *mutant) String() string {
	return fmt.Sprintf("%s/%s:%d  %q → %q", m.in.ImportPath, filepath.Base(m.file), m.line, m.was, m.with)
}

// source is the file with the change.
func (m *mutant) source() ([]byte, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{text[:m.from], []byte(m.with), text[m.to:]}, nil), nil
}

// mutants returns every mutant of a package, in the order of its files.
func (p *listed) mutants() (all []*mutant, err error) {
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files := token.NewFileSet()
		tree, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		add := func(at token.Pos, length int, with string) {
			from := files.Position(at)
			was := string(text[from.Offset : from.Offset+length])
			all = append(all, &mutant{p, path, from.Line, from.Offset, from.Offset + length, with, was})
		}
		ast.Inspect(tree, func(n ast.Node) bool { return mutate(n, add) })
	}
	return all, nil
}

// swapped are operators and what a mutant puts in their place.
var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*", token.LAND: "||", token.LOR: "&&",
	token.ADD_ASSIGN: "-=", token.SUB_ASSIGN: "+=", token.INC: "--", token.DEC: "++",
}

// mutate adds the mutants of a node itself, and tells whether to look below it:
// not into declarations, whose values are mostly sizes and names.
func mutate(n ast.Node, add func(at token.Pos, length int, with string)) (below bool) {
	operator := func(at token.Pos, t token.Token) {
		if with, known := swapped[t]; known {
			add(at, len(t.String()), with)
		}
	}
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.BinaryExpr:
		operator(n.OpPos, n.Op)
	case *ast.AssignStmt:
		operator(n.TokPos, n.Tok)
	case *ast.IncDecStmt:
		operator(n.TokPos, n.Tok)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			add(n.OpPos, 1, "")
		}
	case *ast.ExprStmt:
		add(n.Pos(), int(n.End()-n.Pos()), "") // a call whose result is not used
	case *ast.BasicLit:
		if value, err := strconv.ParseInt(n.Value, 10, 64); n.Kind == token.INT && err == nil {
			add(n.Pos(), len(n.Value), strconv.FormatInt(value+1, 10))
		}
	case *ast.Ident:
		switch n.Name {
		case "true":
			add(n.Pos(), 4, "false")
		case "false":
			add(n.Pos(), 5, "true")
		}
	}
	return true
}
