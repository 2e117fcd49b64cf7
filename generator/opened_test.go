package generator

import (
	"rehearse/generator/source"
	"rehearse/scenario"
)

// opened opens a part of a scenario and gives back its plan as well.
func opened(s *scenario.Scenario, p source.Part) (*source.Opened, source.Plan, error) {
	o, err := source.Open(s, p)
	if err != nil {
		return nil, source.Plan{}, err
	}
	return o, o.Plan, nil
}
