package main

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The limits, with what each keeps away.
const (
	maxFiles    = 20  // of a package: more than one sitting can hold
	maxLines    = 350 // of a file: more than one idea
	maxFunction = 70  // lines: more than one screen
	maxColumns  = 120 // a tab counts as four
	maxFields   = 12  // of a struct: more than one thing
	maxUp       = 20  // arrows of a package that lead back up: a knot
)

// rule is what the code is held to.
type rule struct {
	name   string
	broken func([]*pkg) []string // the places that break it, in words
}

// rules are all of them.
func rules() []rule {
	return []rule{
		{fmt.Sprintf("at most %d files a package", maxFiles), manyFiles},
		{fmt.Sprintf("at most %d lines a file", maxLines), longFiles},
		{fmt.Sprintf("at most %d lines a function", maxFunction), longFunctions},
		{fmt.Sprintf("at most %d columns", maxColumns), wideLines},
		{fmt.Sprintf("at most %d fields a struct", maxFields), manyFields},
		{"no statement before a condition that changes a variable", changing},
		{fmt.Sprintf("at most %d arrows up a package", maxUp), knots},
		{"a type name in two packages has a reason in names.txt", sharedNames},
	}
}

// report writes what breaks each rule, and reports whether nothing does.
func report(w io.Writer, packages []*pkg) (sound bool) {
	sound = true
	for _, r := range rules() {
		broken := r.broken(packages)
		fmt.Fprintf(w, "%s: %d\n", r.name, len(broken))
		for _, place := range broken {
			fmt.Fprintf(w, "  %s\n", place)
			sound = false
		}
	}
	return sound
}

//go:embed larger.txt
var largerText string

// larger are the packages that may have more files, and the structs that may have more
// fields, each with how many.
func larger() map[string]int {
	allowed := map[string]int{}
	for name, reason := range entries(largerText) {
		most := 0
		fmt.Sscan(reason, &most)
		allowed[name] = most
	}
	return allowed
}

// manyFiles passes over the packages in larger.txt while those have no more files than
// it says.
func manyFiles(packages []*pkg) (broken []string) {
	allowed := larger()
	for _, p := range packages {
		if most := max(allowed[p.path], maxFiles); len(p.files) > most {
			broken = append(broken, fmt.Sprintf("%s: %d, may have %d", p.path, len(p.files), most))
		}
	}
	return broken
}

// entries reads a list: a line has a name, white space and a reason; # begins a remark.
func entries(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, reason, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" && name[0] != '#' {
			all[name] = strings.TrimSpace(reason)
		}
	}
	return all
}

func longFiles(packages []*pkg) (broken []string) {
	for _, p := range packages {
		for _, f := range p.files {
			if f.lines > maxLines {
				broken = append(broken, fmt.Sprintf("%s: %d", f.name, f.lines))
			}
		}
	}
	return broken
}

func longFunctions(packages []*pkg) (broken []string) {
	for _, p := range packages {
		for _, fn := range p.functions {
			if fn.lines > maxFunction {
				broken = append(broken, fmt.Sprintf("%s: %s has %d", fn.place, fn.name, fn.lines))
			}
		}
	}
	return broken
}

func wideLines(packages []*pkg) (broken []string) {
	for _, p := range packages {
		for _, f := range p.files {
			for _, line := range f.wide {
				broken = append(broken, fmt.Sprintf("%s:%d", f.name, line))
			}
		}
	}
	return broken
}

// manyFields passes over the structs in larger.txt while those have as many fields as
// it says: one that has lost some is to be listed with what is left.
func manyFields(packages []*pkg) (broken []string) {
	allowed := larger()
	for _, p := range packages {
		for _, s := range p.structs {
			most, listed := allowed[p.path+"."+s.name]
			switch {
			case listed && s.fields != most:
				broken = append(broken,
					fmt.Sprintf("%s: %s has %d, larger.txt says %d", s.place, s.name, s.fields, most))
			case !listed && s.fields > maxFields:
				broken = append(broken, fmt.Sprintf("%s: %s has %d", s.place, s.name, s.fields))
			}
		}
	}
	return broken
}

func changing(packages []*pkg) (broken []string) {
	for _, p := range packages {
		broken = append(broken, p.changing...)
	}
	return broken
}

func knots(packages []*pkg) (broken []string) {
	for _, p := range packages {
		if len(p.up) > maxUp {
			broken = append(broken, fmt.Sprintf("%s: %d of %d", p.path, len(p.up), p.arrows))
		}
	}
	return broken
}

//go:embed names.txt
var namesText string

// sharedNames are the exported type names in several packages that names.txt does not
// list, and those that it lists without need.
func sharedNames(packages []*pkg) (broken []string) {
	reasons, shared := entries(namesText), twice(packages)
	for name, where := range shared {
		if exported(name) && reasons[name] == "" {
			broken = append(broken, fmt.Sprintf("%s (%s)", name, strings.Join(where, ", ")))
		}
	}
	for name := range reasons {
		if len(shared[name]) < 2 {
			broken = append(broken, name+": listed in names.txt, and in one package at most")
		}
	}
	slices.Sort(broken)
	return broken
}

func exported(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' }
