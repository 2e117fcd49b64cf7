package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// pkg is what is measured of a package.
type pkg struct {
	path      string // without the module
	files     []file
	functions []function
	structs   []structure
	unused    []string // exported names that no other package uses
	up        []string // uses of what stands in an earlier file
	changing  []string // conditions behind a statement that changes a variable
	arrows    int      // files that use what another one declares

	types  []string
	trees  []*ast.File
	isMain bool
}

// file is what is measured of a file.
type file struct {
	name            string
	lines, comments int
	wide            []int // lines over maxColumns
}

type function struct {
	name, place string
	lines       int
}

type structure struct {
	name, place string
	fields      int
}

// add counts another package in.
func (p *pkg) add(other *pkg) {
	p.files = append(p.files, other.files...)
	p.functions = append(p.functions, other.functions...)
	p.structs = append(p.structs, other.structs...)
	p.unused = append(p.unused, other.unused...)
	p.up = append(p.up, other.up...)
	p.changing = append(p.changing, other.changing...)
	p.arrows += other.arrows
}

// load measures the packages of the module that match a pattern.
func load(pattern string) ([]*pkg, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Module,Name", pattern).Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	var packages []*pkg
	used := map[string]bool{} // path.Name, of other packages
	for in := json.NewDecoder(bytes.NewReader(out)); in.More(); {
		var l struct {
			ImportPath, Dir, Name string
			GoFiles               []string
			Module                struct{ Path, Dir string }
		}
		if err := in.Decode(&l); err != nil {
			return nil, fmt.Errorf("go list %s: %w", pattern, err)
		}
		if len(l.GoFiles) == 0 {
			continue
		}
		p := &pkg{path: strings.TrimPrefix(l.ImportPath, l.Module.Path+"/"), isMain: l.Name == "main"}
		for _, name := range l.GoFiles {
			if err := p.read(filepath.Join(l.Dir, name), l.Module.Dir); err != nil {
				return nil, err
			}
		}
		p.look(l.Module.Path+"/", used)
		packages = append(packages, p)
	}
	for _, p := range packages {
		p.judge(used)
	}
	return packages, nil
}

// read measures one file.
func (p *pkg) read(name, root string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	short, err := filepath.Rel(root, name)
	if err != nil {
		return err
	}
	line := func(at token.Pos) int { return files.Position(at).Line }
	f := file{name: short, lines: bytes.Count(text, []byte("\n")), wide: wide(text)}
	for _, group := range tree.Comments {
		f.comments += line(group.End()) - line(group.Pos()) + 1
	}
	p.files, p.trees = append(p.files, f), append(p.trees, tree)
	ast.Inspect(tree, func(n ast.Node) bool {
		if i, ok := n.(*ast.IfStmt); ok && changes(i.Init) {
			p.changing = append(p.changing, fmt.Sprintf("%s:%d", short, line(i.Pos())))
		}
		return true
	})
	for _, d := range tree.Decls {
		place := fmt.Sprintf("%s:%d", short, line(d.Pos()))
		switch d := d.(type) {
		case *ast.FuncDecl:
			p.functions = append(p.functions, function{d.Name.Name, place, line(d.End()) - line(d.Pos()) + 1})
		case *ast.GenDecl:
			p.readTypes(d, place)
		}
	}
	return nil
}

// changes reports whether a statement counts a variable up or down.
func changes(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE && s.Tok != token.ASSIGN
	}
	return false
}

// readTypes measures the types of a declaration.
func (p *pkg) readTypes(d *ast.GenDecl, place string) {
	for _, spec := range d.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		p.types = append(p.types, t.Name.Name)
		if s, ok := t.Type.(*ast.StructType); ok {
			p.structs = append(p.structs, structure{t.Name.Name, place, s.Fields.NumFields()})
		}
	}
}

// wide are the lines that are longer than maxColumns.
func wide(text []byte) (lines []int) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		columns := len([]rune(strings.ReplaceAll(strings.TrimRight(string(line), "\n"), "\t", "    ")))
		if columns > maxColumns {
			lines = append(lines, number)
		}
	}
	return lines
}

// look notes which names of other packages of the module this one uses.
func (p *pkg) look(module string, used map[string]bool) {
	for _, tree := range p.trees {
		names := map[string]string{}
		for _, i := range tree.Imports {
			full, err := strconv.Unquote(i.Path.Value)
			if err != nil || !strings.HasPrefix(full, module) {
				continue
			}
			name := path.Base(full)
			if i.Name != nil {
				name = i.Name.Name
			}
			names[name] = strings.TrimPrefix(full, module)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && names[x.Name] != "" {
					used[names[x.Name]+"."+s.Sel.Name] = true
				}
			}
			return true
		})
	}
}

// twice are the type names that stand in more than one package, with the packages.
func twice(packages []*pkg) map[string][]string {
	where := map[string][]string{}
	for _, p := range packages {
		for _, name := range p.types {
			where[name] = append(where[name], p.path)
		}
	}
	maps.DeleteFunc(where, func(_ string, in []string) bool { return len(in) < 2 })
	return where
}
