package scenario_test

import (
	"fmt"

	"rehearse/scenario"
)

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
