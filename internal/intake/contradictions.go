package intake

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// The keys of the questions whose answers can contradict each other.
const (
	keyHistorical = string(scenario.AskHistorical)
	keyHottest    = string(scenario.AskHottestIDs)
	keyTypes      = string(scenario.AskEventTypes)
	keyMerges     = string(scenario.AskMergeEvents)
	keyPeak       = string(scenario.AskPeakRate)
	keyDuration   = string(scenario.AskDuration)
	keyRamp       = string(scenario.AskRamp)
)

// contradictions are the answers that cannot all be true.
func (a *Answers) contradictions() Mistakes {
	all := a.loadMistakes()
	sound := len(all) == 0
	all = append(append(all, a.historicalMistakes()...), a.mergeMistakes()...)
	if sound {
		all = append(all, a.countMistakes()...)
	}
	return all
}

// loadMistakes compares peak, duration, number of events and ramp.
func (a *Answers) loadMistakes() Mistakes {
	events := float64(a.Total)
	if a.Duration > 0 && a.Ramp > a.Duration {
		return Mistakes{{[]string{keyRamp, keyDuration},
			fmt.Sprintf("a ramp of %s does not fit into %s", units.FormatDuration(a.Ramp),
				units.FormatDuration(a.Duration)),
			"make the ramp shorter, or the duration longer"}}
	}
	if rising := a.Peak * a.Ramp.Seconds() / 2; a.Total > 0 && rising > events {
		return Mistakes{{[]string{keyRamp, keyPeak, keyDuration},
			fmt.Sprintf("the ramp alone sends %s events, and there are %s", amount(rising), text.Count(a.Total)),
			fmt.Sprintf("make it %s at most, or the peak lower", seconds(math.Floor(2*events/a.Peak)))}}
	}
	said := a.Total > 0 && a.Peak > 0 && a.Duration > 0
	if most := full(a.Peak, a.Ramp, a.Duration); said && events > most*(1+1e-9)+1 {
		return Mistakes{{[]string{keyDuration, keyPeak, keyRamp},
			fmt.Sprintf("%s events do not fit: %s of at most %s are %s events", text.Count(a.Total),
				units.FormatDuration(a.Duration), a.saidPeak(), amount(most)),
			fmt.Sprintf("make the peak %s/s or more, or the duration %s or longer",
				amount(math.Ceil(events/(a.Duration.Seconds()-a.Ramp.Seconds()/2))),
				seconds(math.Ceil(events/a.Peak+a.Ramp.Seconds()/2)))}}
	}
	return a.extentMistakes()
}

// extentMistakes finds loads that no scenario can hold.
func (a *Answers) extentMistakes() Mistakes {
	keys := []string{keyDuration, keyPeak}
	c := a.course()
	switch length := c.ramp.Seconds() + c.hold.Seconds() + c.rest.Seconds(); {
	case length > maxDuration.Seconds():
		return Mistakes{{keys, fmt.Sprintf("%s events at %s/s take %.0f days", text.Count(a.Total), amount(c.peak),
			length/86400), "raise the peak, or rehearse a part: 366 days are the most"}}
	case c.total() > schedule.MaxEvents:
		return Mistakes{{keys, fmt.Sprintf("that would be %.3g events", c.total()), "2^53 are the most"}}
	case c.total() < 1:
		return Mistakes{{keys, "that would not be one event", "raise the peak, or make it last longer"}}
	}
	return nil
}

// mergeMistakes compares the merges with the other events.
func (a *Answers) mergeMistakes() Mistakes {
	keys := []string{keyMerges, keyTypes}
	if a.Types != nil && a.Merges != nil {
		if all := a.unlikeMerges(keys); len(all) > 0 {
			return all
		}
	}
	if m := a.Merges; m != nil && a.Types == nil && !m.Share && m.sum() > 0 && a.events() == 0 {
		return Mistakes{{keys, "gives counts, and the total number of events is not given",
			"give shares such as $identify 3%, or say in duration how many events there are"}}
	}
	if share := mergeShare(a.mix()); !(share <= 0.5) {
		return Mistakes{{keys, fmt.Sprintf("%.4g%% of the events merge persons", 100*share),
			"half of them is the most: each merge needs an earlier event of the id that it joins"}}
	}
	return nil
}

// unlikeMerges finds the merges about which two lists say different things.
func (a *Answers) unlikeMerges(keys []string) Mistakes {
	var all Mistakes
	for _, m := range a.Merges.Rows {
		t, listed := a.Types.find(m.Name)
		switch {
		case !listed:
			all = append(all, Mistake{keys, m.Name + " is not among the event types",
				"list it there with its share or count, or leave it out here"})
		case m.Value == 0:
		case a.Merges.Share != a.Types.Share:
			all = append(all, Mistake{keys,
				fmt.Sprintf("%s is %s here and %s among the event types", m.Name, a.Merges.amount(m),
					a.Types.amount(t)), "give the name alone"})
		case math.Abs(m.Value-t.Value) > 0.01*t.Value:
			all = append(all, Mistake{keys,
				fmt.Sprintf("%s is %s here and %s among the event types", m.Name, a.Merges.amount(m),
					a.Types.amount(t)), "one of them is wrong"})
		}
	}
	for _, t := range a.Types.Rows {
		if _, named := a.Merges.find(t.Name); scenario.IsMerge(t.Name) && !named {
			all = append(all, Mistake{keys,
				t.Name + " is among the event types and merges persons, but is not named here",
				"name it, or take it out there"})
		}
	}
	return all
}

// slack is by how much counts may miss a total that a person rounded.
const slack = 1.01

// countMistakes compares counts with the number of all events.
func (a *Answers) countMistakes() Mistakes {
	var all Mistakes
	keys := []string{keyHottest, keyDuration, keyPeak}
	if h, events := a.Hottest, float64(a.events()); h != nil && !h.Share && events > 0 {
		busiest := slices.MaxFunc(h.Rows, func(a, b Row) int { return compare(a.Value, b.Value) })
		const hint = "correct one of the two, or give shares"
		if busiest.Value > events*slack {
			all = append(all, Mistake{keys,
				fmt.Sprintf("the busiest distinct_id has %s events, and there are %s in all",
					amount(busiest.Value), amount(events)), hint})
		} else if h.sum() > events*slack {
			all = append(all, Mistake{keys,
				fmt.Sprintf("the distinct_ids have %s events together, and there are %s in all",
					amount(h.sum()), amount(events)), hint})
		}
	}
	if t := a.Types; t != nil && !t.Share && a.Total > 0 && t.sum() > float64(a.Total)*slack {
		all = append(all, Mistake{[]string{keyTypes, keyDuration},
			fmt.Sprintf("the event types add up to %s events, and there are %s in all",
				amount(t.sum()), text.Count(a.Total)), "correct one of the two, or give shares"})
	}
	return all
}

// amount writes a number of events or a rate with a comma for the thousands.
func amount(n float64) string {
	if n < 10 {
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	return text.Number(math.Round(n))
}

// seconds writes a number of seconds as a duration.
func seconds(n float64) string {
	return units.FormatDuration(time.Duration(min(n, 1e10)) * time.Second)
}
