package rehearse

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// longestWalk is how many files a newcomer has to open at most.
const longestWalk = 8

// TestWalk: the files and functions that docs/walk.md leads to are there, and no walk
// is long. Whoever moves one changes its line.
func TestWalk(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/walk.md")
	if err != nil {
		t.Fatal(err)
	}
	walks := strings.Split(string(text), "\n## ")[1:]
	if len(walks) != 2 {
		t.Errorf("docs/walk.md has %d walks, want 2", len(walks))
	}
	step := regexp.MustCompile("(?m)^\\| \\d+ \\| `([^`]+)` \\| `([^`]+)` \\|")
	for _, walk := range walks {
		steps := step.FindAllStringSubmatch(walk, -1)
		if len(steps) == 0 || len(steps) > longestWalk {
			t.Errorf("%d steps, want 1 to %d: %s", len(steps), longestWalk, walk)
		}
		for _, s := range steps {
			if !slices.Contains(functionsOf(t, s[1]), s[2]) {
				t.Errorf("docs/walk.md: %s has no %s; it stands in %v: change the line", s[1], s[2], filesWith(t, s[2]))
			}
		}
	}
}

// functionsOf are the functions of a file, methods as Type.Name; none if there is no
// such file.
func functionsOf(t *testing.T, file string) (names []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case f.Recv == nil:
			names = append(names, f.Name.Name)
		default:
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if id, ok := of.(*ast.Ident); ok {
				names = append(names, id.Name+"."+f.Name.Name)
			}
		}
	}
	return names
}

// filesWith are the files that have a function.
func filesWith(t *testing.T, function string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && slices.Contains(functionsOf(t, path), function) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
