package main

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
)

// judge finds the exported names that no other package uses, and the arrows between
// the files of the package.
func (p *pkg) judge(used map[string]bool) {
	home := map[string]int{} // of each name of the package: the file
	for i, tree := range p.trees {
		for _, name := range declared(tree) {
			home[name] = i
			if ast.IsExported(name) && !p.isMain && !used[p.path+"."+name] {
				p.unused = append(p.unused, name)
			}
		}
	}
	slices.Sort(p.unused)
	arrows := map[[2]int][]string{}
	for i, tree := range p.trees {
		for _, name := range uses(tree) {
			if to, known := home[name]; known && to != i && !slices.Contains(arrows[[2]int{i, to}], name) {
				arrows[[2]int{i, to}] = append(arrows[[2]int{i, to}], name)
			}
		}
	}
	p.arrows = len(arrows)
	place := p.order(arrows)
	for arrow, names := range arrows {
		if place[arrow[1]] < place[arrow[0]] {
			p.up = append(p.up, fmt.Sprintf("%s → %s (%s)", filepath.Base(p.files[arrow[0]].name),
				filepath.Base(p.files[arrow[1]].name), strings.Join(names, ", ")))
		}
	}
	slices.Sort(p.up)
}

// order is the place of each file in the reading order: that of doc.go where it
// names the files, else one found by reading on in what a file uses, beginning
// where the fewest others lead to.
func (p *pkg) order(arrows map[[2]int][]string) []int {
	place := make([]int, len(p.files))
	if told := p.told(); told != "" {
		for i, f := range p.files {
			place[i] = strings.Index(told, filepath.Base(f.name))
		}
		return place
	}
	into := make([]int, len(p.files))
	for arrow := range arrows {
		into[arrow[1]]++
	}
	starts := make([]int, len(p.files))
	for i := range starts {
		starts[i] = i
	}
	slices.SortStableFunc(starts, func(a, b int) int { return into[a] - into[b] })
	var after []int // files, each behind all that it leads to
	seen := map[int]bool{}
	var visit func(int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, j := range starts {
			if len(arrows[[2]int{i, j}]) > 0 {
				visit(j)
			}
		}
		after = append(after, i)
	}
	for _, i := range starts {
		visit(i)
	}
	for n, i := range after {
		place[i] = len(after) - n
	}
	return place
}

// told is the text of doc.go if it names every other file, "" if it does not.
func (p *pkg) told() string {
	for i, f := range p.files {
		if filepath.Base(f.name) != "doc.go" || p.trees[i].Doc == nil {
			continue
		}
		text := "doc.go " + p.trees[i].Doc.Text()
		for _, other := range p.files {
			if !strings.Contains(text, filepath.Base(other.name)) {
				return ""
			}
		}
		return text
	}
	return ""
}

// declared are the package-level names of a file, methods left out.
func declared(tree *ast.File) (names []string) {
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// uses are the names that a file uses and does not declare itself, as the parser
// resolves them: neither locals nor fields, nor what stands behind a dot.
func uses(tree *ast.File) (names []string) {
	for _, id := range tree.Unresolved {
		names = append(names, id.Name)
	}
	return names
}
