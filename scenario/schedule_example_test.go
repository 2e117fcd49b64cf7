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
