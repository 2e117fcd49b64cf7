package facts

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rehearse/internal/capture/pipeline"
	"rehearse/scenario/strict"
)

// Restrict adds restrictions of one kind, from a list of tokens and token:distinct_id.
func (r *Reader) Restrict(a pipeline.Action) func(strict.Value) {
	return func(v strict.Value) {
		lines := v.Lines(2 * strict.MaxLine)
		r.change(a.String(), v, func(f *pipeline.Facts) {
			for _, match := range lines {
				f.Restrictions = append(f.Restrictions, pipeline.Restriction{Match: match, Action: a})
			}
		})
	}
}

// readRestrictions reads a list, an entry a rule.
func (r *Reader) readRestrictions(v strict.Value) {
	items := v.List()
	if len(items) > maxRules {
		v.Fail(fmt.Sprintf("more than %d entries", maxRules), "")
		return
	}
	var all []pipeline.Restriction
	for _, item := range items {
		one := readRestriction(item)
		if slices.Contains(all, one) {
			item.Fail("is given twice", "")
		}
		r.at["restriction "+one.Match] = item
		all = append(all, one)
	}
	r.change("restrictions", v, func(f *pipeline.Facts) { f.Restrictions = append(f.Restrictions, all...) })
}

func readRestriction(v strict.Value) (r pipeline.Restriction) {
	v.Object(strict.Fields{
		"match": func(v strict.Value) { r.Match = readMatch(v) },
		"action": func(v strict.Value) {
			r.Action = pipeline.Action(max(slices.Index(pipeline.Actions(),
				strict.OneOf(v, pipeline.Actions())), 0))
		},
	})
	v.Require("match", "action")
	return r
}

// readCosts reads what events cost.
func (r *Reader) readCosts(v strict.Value) {
	weights := map[string]float64{}
	v.Object(strict.Fields{
		"events": func(v strict.Value) {
			v.Entries(func(key strict.Value, name string, entry strict.Value) {
				if !isName(name) {
					key.Fail("must be the name of an event", "")
				}
				weights[name] = entry.Number(0, maxCost)
			})
			r.change("costs.events", v, func(f *pipeline.Facts) {
				for name, weight := range weights {
					f.Costs.Events[name] = weight
				}
			})
		},
		"apps": func(v strict.Value) {
			cost := v.Number(0, maxCost)
			r.change("costs.apps", v, func(f *pipeline.Facts) { f.Costs.Apps = cost })
		},
		"per_event": func(v strict.Value) {
			each := time.Duration(0)
			if !isOff(v) {
				each = v.Duration(time.Microsecond, time.Hour)
			}
			r.change("costs.per_event", v, func(f *pipeline.Facts) { f.Costs.PerEvent = each })
		},
		"partition": func(v strict.Value) {
			rate := 0.0
			if !isOff(v) {
				rate = positive(v)
			}
			r.change("costs.partition", v, func(f *pipeline.Facts) { f.Costs.Partition = rate })
		},
	})
}

// isName tells whether a text may be a name: neither empty nor long, and harmless.
func isName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= strict.MaxLine &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

// positive reads a rate that is not zero.
func positive(v strict.Value) float64 {
	rate := v.Rate()
	switch {
	case rate == 0:
		v.Fail("must be more than 0", "leave it out where it is not known")
	case rate > maxRate:
		v.Fail("no pipeline takes a billion events a second", strict.HintRate)
	}
	return rate
}

// readStages reads what reads the events after the pipeline, by name.
func (r *Reader) readStages(v strict.Value) {
	var all []pipeline.Stage
	v.Entries(func(key strict.Value, name string, entry strict.Value) {
		if !isName(name) {
			key.Fail("must be the name of a stage", "as in destinations")
		}
		s := pipeline.Stage{Name: name, Share: 1}
		entry.Object(strict.Fields{
			"capacity": func(v strict.Value) { s.Capacity = positive(v) },
			"share":    func(v strict.Value) { s.Share = v.Share() },
		})
		entry.Require("capacity")
		all = append(all, s)
	})
	const most = 20
	if len(all) > most {
		v.Fail(fmt.Sprintf("more than %d stages", most), "")
	}
	r.change("stages", v, func(f *pipeline.Facts) { f.Stages = all })
}

// contradictions tells what cannot hold at the same time.
func (r *Reader) contradictions(f *pipeline.Facts) {
	fail := func(field, what, hint string) {
		if v, given := r.at[field]; given {
			v.Fail(what, hint)
		}
	}
	const custom = "leave it out, or set generation to custom"
	if r.release == pipeline.Release2024 {
		if f.Overflow.KeepsOrder {
			fail("limits.overflow", "what overflows in 2024 keeps no order: it loses its key", custom)
		}
		if f.Import {
			fail("mode", "the service of 2024 has no import mode", custom)
		}
		for i := range f.Restrictions {
			if m := &f.Restrictions[i]; m.Action == pipeline.SkipPersons || m.Action == pipeline.Redirect {
				fail("restriction "+m.Match, "the service of 2024 has no restriction of this kind", custom)
			}
		}
	}
	for i := range f.Restrictions {
		if m := &f.Restrictions[i]; m.Action != pipeline.Drop && f.Restricted(pipeline.Drop, []byte(m.Match), nil) {
			fail("restriction "+m.Match, "its events are dropped by another restriction, which is looked at first",
				"leave one of the two out")
		}
	}
	if f.Import && f.Global.Events > 0 {
		fail("limits.per_minute", "imports are not held to the global limit, and mode is import",
			"leave one of the two out")
	}
	if c := &f.Costs; c.PerEvent > 0 && c.Partition > 0 && c.Partition*c.PerEvent.Seconds() < 1-1e-9 {
		fail("costs.partition", fmt.Sprintf("a partition of %g events/s is slower than one id of it: "+
			"per_event %v is %g events/s", c.Partition, c.PerEvent, 1/c.PerEvent.Seconds()),
			"the ids of one partition are processed concurrently")
	}
	for i := range f.Global.Overrides {
		if o := &f.Global.Overrides[i]; f.Restricted(pipeline.Drop, []byte(o.Match), nil) {
			fail("override "+o.Match, "its events are dropped by a restriction, and reach no limit",
				"leave one of the two out")
		}
	}
}

// At is where a file gives an override or a restriction that matches so, as file:line:col;
// empty: it does not.
func (r *Reader) At(match string) string {
	for _, field := range []string{"override ", "restriction "} {
		if v, given := r.at[field+match]; given {
			e := v.Error("", "")
			return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Col)
		}
	}
	return ""
}
