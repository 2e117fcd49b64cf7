package preflight

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every finding has a row in docs/findings.md, and the page has no other.
func TestFindingsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, row[1])
	}
	known := findingIDs(t)
	for _, id := range known {
		if !slices.Contains(documented, id) {
			t.Errorf("docs/findings.md has no row for %s", id)
		}
	}
	for _, id := range documented {
		if !slices.Contains(known, id) {
			t.Errorf("docs/findings.md has a row for %s, which no rule finds", id)
		}
	}
}

// findingIDs are the ids of all drafts that the code has.
func findingIDs(t *testing.T) (ids []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id := draftID(t, n); id != "" {
				ids = append(ids, id)
			}
			return true
		})
	}
	if len(ids) < 30 {
		t.Fatalf("found %d findings in the code", len(ids))
	}
	return ids
}

// draftID is the id of a finding, if a node makes one; empty: it does not.
func draftID(t *testing.T, n ast.Node) string {
	t.Helper()
	made, is := n.(*ast.CompositeLit)
	if !is || len(made.Elts) == 0 {
		return ""
	}
	name, isName := made.Type.(*ast.Ident)
	text, isText := made.Elts[0].(*ast.BasicLit)
	if !isName || !isText || name.Name != "draft" {
		return ""
	}
	id, err := strconv.Unquote(text.Value)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
