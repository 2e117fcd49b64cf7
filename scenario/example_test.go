package scenario_test

import (
	"fmt"

	"rehearse/scenario"
)

// A profile is a curve: how fast at a time, how many by then, and when the next.
func ExampleProfile() {
	stages, err := scenario.ParseProfile("line(0, 100, 10s) const(100, 5s)")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := scenario.NewProfile(stages)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Total(), "events in", p.Span(), "at up to", p.Peak(), "a second")
	fmt.Println(p.Rate(5e9), p.Count(5e9), p.When(125))
	// Output:
	// 1000 events in 15s at up to 100 a second
	// 50 125 5s
}

// Every mistake of a file is told at once, with its place.
func ExampleParse() {
	_, err := scenario.Parse("import.yaml", []byte(`
name: import
load:
  profile: const(5000, 30)
  arivals: poisson
traffic: {}
`), scenario.Options{})
	fmt.Println(err)
	// Output:
	// import.yaml:4:12: load.profile: cannot read "const(5000, 30)": cannot read "30" as a duration: the unit is missing (as in line(0, 5000, 10m) const(5000, 30m) step(1k, 5k, 1k, 1m))
	// import.yaml:5:3: load.arivals: unknown field (did you mean arrivals?)
}
