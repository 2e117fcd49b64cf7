package rehearse

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// doors are the files that may open connections to somewhere else, with what keeps
// each from a stranger. Whatever else wants one is given a dialer.
func doors() map[string]string {
	return map[string]string{
		"rehearsal/destination.go":           "the guard is asked for every connection; metrics go to this machine, or to a named host",
		"rehearsal/guard.go":                 "databases that are asked: on this machine, or where --query-to names the host",
		"generator/transport/destination.go": "Loopback: to this machine alone",
		"generator/transport/proxy.go":       "SOCKS5 over the dialer of the destination",
		"internal/prometheus/query.go":       "the dialer that package rehearsal gives; redirects are not followed, no proxy",
		"results/otlp/push.go":               "to the endpoint that package rehearsal let pass; redirects are not followed",
		"internal/permit/watch.go":           "to the stop URL of a permit that was verified; redirects are not followed, no proxy",
		"internal/permit/signature.go":       "to the SSH agent, a socket of this machine",
		"internal/kubernetes/kubectl.go":     "kubectl, that the user configured",
	}
}

// opens is what opens a connection, or starts a program that may.
var opens = regexp.MustCompile(`^(net\.(Dial\w*|Dialer)|tls\.(Dial\w*|Dialer)|proxy\.(SOCKS5|FromURL|FromEnvironment\w*|Dial)|exec\.\w+` +
	`|http\.(Client|Transport|DefaultClient|DefaultTransport|Get|Head|Post|PostForm|ProxyFromEnvironment)` +
	`|fasthttp\.(\w*Client|Dial\w*|Do\w*|Get\w*|Post\w*)|smtp\.\w+|rpc\.Dial\w*|syscall\.(Connect|Sendto)|unix\.(Connect|Sendto))$`)

// TestDoors: nothing but the doors opens a connection. It is read off the source of
// all that is linked into the program.
func TestDoors(t *testing.T) {
	t.Parallel()
	known, seen := doors(), map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || path == "internal/jsonfuzz" || path == "internal/measure" || d.Name() == "testdata"):
			return fs.SkipDir // tools, and no part of the program
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		for _, use := range usesOf(t, path) {
			if opens.MatchString(use) {
				seen[path] = true
				if known[path] == "" {
					t.Errorf("%s uses %s: what opens connections goes through package rehearsal, or is given a dialer", path, use)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range known {
		if !seen[path] {
			t.Errorf("%s opens nothing any more: take it out of the doors", path)
		}
	}
}

// usesOf are the names of other packages that a file uses.
func usesOf(t *testing.T, path string) (names []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && !slices.Contains(names, x.Name+"."+s.Sel.Name) {
				names = append(names, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return names
}
