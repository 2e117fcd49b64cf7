// Command measure tells how large and how tangled the code is, a row a package:
//
//	go run ./internal/measure            the table
//	go run ./internal/measure -check     what breaks a rule, by rule, and exit 1 if anything does
//	go run ./internal/measure -v         every name and place behind the counts as well
//
// Tests are left out. What it counts is syntax alone: names are matched by their
// package, fields and methods are not followed.
//
// Reading order: main.go, check.go (the rules), load.go (reads packages), order.go
// (arrows between files). Names that may stand in several packages are in names.txt,
// packages that may be larger in larger.txt, each with a reason.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "print what breaks a limit, and exit 1 if anything does")
	verbose := flag.Bool("v", false, "print every name and place behind the counts")
	flag.Parse()
	packages, err := load("./...")
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
	if *check {
		if !report(os.Stdout, packages) {
			os.Exit(1)
		}
		return
	}
	table(packages)
	if *verbose {
		details(packages)
	}
}

// table prints a row a package and one for all.
func table(packages []*pkg) {
	fmt.Printf("%-28s %5s %6s %13s %13s %8s %7s %7s %5s %7s %9s\n", "package", "files", "lines",
		"function", "file", "comments", "fields>", "columns>", "if++", "unused", "up/arrows")
	all := &pkg{path: "all"}
	for _, p := range packages {
		row(p)
		all.add(p)
	}
	row(all)
	fmt.Printf("type names in more than one package: %d\n", len(twice(packages)))
}

// row prints what is known of a package: lengths as median/95th percentile/longest.
func row(p *pkg) {
	var functions, files []int
	lines, comments, wide := 0, 0, 0
	for _, fn := range p.functions {
		functions = append(functions, fn.lines)
	}
	for _, f := range p.files {
		files = append(files, f.lines)
		lines, comments, wide = lines+f.lines, comments+f.comments, wide+len(f.wide)
	}
	fields := 0
	for _, s := range p.structs {
		if s.fields > maxFields {
			fields++
		}
	}
	fmt.Printf("%-28s %5d %6d %13s %13s %7.0f%% %7d %8d %5d %7d %9s\n", p.path, len(p.files), lines, spread(functions),
		spread(files),
		100*float64(comments)/float64(max(lines, 1)), fields, wide, len(p.changing), len(p.unused),
		fmt.Sprintf("%d/%d", len(p.up), p.arrows))
}

// spread is the median, the 95th percentile and the greatest of some numbers.
func spread(n []int) string {
	if len(n) == 0 {
		return "-"
	}
	slices.Sort(n)
	return fmt.Sprintf("%d/%d/%d", n[len(n)/2], n[len(n)*95/100], n[len(n)-1])
}

// details prints the names and places behind the counts.
func details(packages []*pkg) {
	for _, p := range packages {
		for _, name := range p.unused {
			fmt.Printf("no other package uses %s.%s\n", p.path, name)
		}
		for _, arrow := range p.up {
			fmt.Printf("up in %s: %s\n", p.path, arrow)
		}
	}
	shared := twice(packages)
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		fmt.Printf("in more than one package: %s (%s)\n", name, strings.Join(shared[name], ", "))
	}
}
