package main

import (
	"testing"
)

// TestSharedNames holds names.txt to the tree: which type names stand in more than one
// package, each with a reason.
func TestSharedNames(t *testing.T) {
	t.Parallel()
	packages, err := load("../../...")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sharedNames(packages) {
		t.Error(name)
	}
}

// TestRules: a package that breaks each rule once is told of each.
func TestRules(t *testing.T) {
	t.Parallel()
	one := &pkg{
		path: "a", types: []string{"Twice"}, changing: []string{"a.go:1"}, up: make([]string, maxUp+1),
		files:     make([]file, maxFiles+1),
		functions: []function{{"f", "a.go:1", maxFunction + 1}}, structs: []structure{{"s", "a.go:2", maxFields + 1}},
	}
	one.files[0] = file{name: "a.go", lines: maxLines + 1, wide: []int{7}}
	packages := []*pkg{one, {path: "b", types: []string{"Twice"}}}
	for _, r := range rules() {
		if broken := r.broken(packages); len(broken) == 0 {
			t.Errorf("nothing breaks %q", r.name)
		}
	}
	for _, r := range rules()[:len(rules())-1] {
		if broken := r.broken([]*pkg{{path: "c"}}); len(broken) > 0 {
			t.Errorf("%s: %v", r.name, broken)
		}
	}
}
