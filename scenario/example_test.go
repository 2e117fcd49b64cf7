package scenario_test

import (
	"fmt"
	"time"

	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// A scenario is read once; what it offers is then known without sending a byte.
func ExampleLoad() {
	s, err := scenario.Load("testdata/every.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	due := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	fmt.Println(s.Name, "sends", due.Total(), "events in", s.Load.Curve.Span())
	fmt.Println("the third is due after", due.Due(2).Round(time.Millisecond))
	// Output:
	// every-field sends 43230000 events in 24h1m0s
	// the third is due after 676ms
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
