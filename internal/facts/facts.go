package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario/strict"
)

// Reader gathers what a file says of a pipeline, in whatever order it does.
type Reader struct {
	release pipeline.Release
	set     []func(*pipeline.Facts)
	at      map[string]strict.Value // what the file gives, by path below the section
}

// NewReader returns a reader that has seen nothing.
func NewReader() *Reader {
	return &Reader{release: pipeline.Release202611, at: map[string]strict.Value{}}
}

// Section are the fields of a section that has these facts alone.
func (r *Reader) Section() strict.Fields {
	fields := r.Fields(nil)
	delete(fields, "generation")
	delete(fields, "mode")
	return fields
}

// Fields are all of them, with more that the limits may have.
func (r *Reader) Fields(limits strict.Fields) strict.Fields {
	return strict.Fields{
		"generation":   func(v strict.Value) { r.Generation(v) },
		"mode":         r.Mode,
		"limits":       func(v strict.Value) { r.readLimits(v, limits) },
		"restrictions": r.readRestrictions,
		"costs":        r.readCosts,
		"stages":       r.readStages,
	}
}

// change notes what a field changes. Some may be given in two places, one of which is
// enough.
func (r *Reader) change(field string, v strict.Value, set func(*pipeline.Facts)) {
	if _, given := r.at[field]; given {
		v.Fail("is given already, by another field", "leave one of the two out")
	}
	r.at[field] = v
	r.set = append(r.set, set)
}

// Facts returns the facts of the generation with all that was read on top, and tells
// what contradicts itself.
func (r *Reader) Facts() *pipeline.Facts {
	f, err := pipeline.Published(r.release)
	if err != nil {
		f = &pipeline.Facts{} // which was told when the generation was read
	}
	for _, set := range r.set {
		set(f)
	}
	r.contradictions(f)
	return f
}

// Generation reads a word, or the year, which YAML takes for a number.
func (r *Reader) Generation(v strict.Value) capture.Generation {
	text, ok := v.Scalar("2024, 2026-11 or custom", strict.Text, strict.Int, strict.Time)
	if !ok {
		return capture.Current
	}
	r.at["generation"] = v
	known := pipeline.Releases()
	switch release := pipeline.Release(text); {
	case text == "current":
		r.release = pipeline.Release202611
	case slices.Contains(known, release):
		r.release = release
	default:
		v.Fail("unknown generation "+v.Quoted(), "known here: 2024, 2026-11, custom")
	}
	if r.release == pipeline.Release2024 {
		return capture.Generation2024
	}
	return capture.Current
}

// Release is the generation that was read.
func (r *Reader) Release() pipeline.Release { return r.release }

// Mode reads whether the endpoint takes imports only.
func (r *Reader) Mode(v strict.Value) {
	text, ok := v.Scalar("events or import", strict.Text)
	if ok && text != "events" && text != "import" {
		v.Fail("unknown mode "+v.Quoted(), "known here: events, import")
	}
	r.change("mode", v, func(f *pipeline.Facts) { f.Import = text == "import" })
}

// The bounds of facts.
const (
	maxRate   = 1_000_000_000
	maxEvents = 1_000_000_000_000_000 // as many as a run may have
	maxCost   = 1e6
	maxRules  = 1000 // overrides, restrictions: they are looked through for each event
)

func (r *Reader) readLimits(v strict.Value, more strict.Fields) {
	fields := strict.Fields{
		"overflow": r.Overflow,
		"consumer": func(v strict.Value) {
			b, told := readBucket(v)
			r.change("limits.consumer", v, func(f *pipeline.Facts) {
				b.KeepsOrder = b.KeepsOrder || b.On() && !told && !f.InPlace
				f.Consumer = b
			})
		},
		"per_minute": r.PerMinute,
		"merge_ids":  r.readMergeIDs,
		"quota": func(v strict.Value) {
			n := readSwitchable(v)
			r.change("limits.quota", v, func(f *pipeline.Facts) { f.Quota = n })
		},
	}
	maps.Copy(fields, more)
	v.Object(fields)
}

// Overflow reads the bucket that capture has for an id: off, or a rate and a burst. Where
// it does not say whether order is kept, that is as in the generation.
func (r *Reader) Overflow(v strict.Value) {
	b, told := readBucket(v)
	r.change("limits.overflow", v, func(f *pipeline.Facts) {
		if b.On() && !told {
			b.KeepsOrder = r.release == pipeline.Release202611
		}
		f.Overflow = b
	})
}

// isOff tells whether a limit is switched off.
func isOff(v strict.Value) bool {
	return v.IsScalar() && slices.Contains([]string{"off", "false"}, v.Raw())
}

// readSwitchable reads the word off, or a number of events.
func readSwitchable(v strict.Value) int64 {
	if isOff(v) {
		return 0
	}
	return limit(v, maxEvents)
}

// limit reads a number that something is held to: 0 would let nothing pass.
func limit(v strict.Value, most int64) int64 {
	if v.IsScalar() && v.Raw() == "0" {
		v.Fail("a limit of 0 lets nothing pass", "off in the place of the limit switches it off")
		return 1
	}
	return v.Count(1, most)
}

// readBucket reads the word off, or a rate and a burst; told is whether it says that order
// is kept, or is not.
func readBucket(v strict.Value) (b pipeline.Bucket, told bool) {
	if isOff(v) {
		return b, false
	}
	if !v.IsMapping() {
		v.Fail("must be off, or a rate and a burst", "as in {rate: 100/s, burst: 1000}")
		return b, false
	}
	v.Object(strict.Fields{
		"rate": func(v strict.Value) {
			before := v.Document().Mistakes()
			rate := v.Rate()
			b.PerSecond = int(min(rate, maxRate))
			switch {
			case v.Document().Mistakes() > before:
			case rate == 0:
				v.Fail("a limit of 0 lets nothing pass", "off in the place of the limit switches it off")
			case rate > maxRate:
				v.Fail("no pipeline takes a billion events a second", strict.HintRate)
			case rate != float64(b.PerSecond):
				v.Fail("must be a whole number of events a second", strict.HintRate)
			}
		},
		"burst":       func(v strict.Value) { b.Burst = int(limit(v, maxRate)) },
		"keeps_order": func(v strict.Value) { b.KeepsOrder, told = v.Flag(), true },
	})
	v.Require("rate", "burst")
	return b, told
}

// PerMinute reads the global limit of one id: off, a number of events a minute, or all
// that there is to say of it.
func (r *Reader) PerMinute(v strict.Value) {
	g := pipeline.GlobalLimit{Window: time.Minute, Sync: 15 * time.Second}
	if v.IsMapping() {
		r.readGlobal(v, &g)
	} else {
		g.Events = readSwitchable(v)
	}
	r.change("limits.per_minute", v, func(f *pipeline.Facts) { f.Global = g })
}

func (r *Reader) readGlobal(v strict.Value, g *pipeline.GlobalLimit) {
	v.Object(strict.Fields{
		"events":    func(v strict.Value) { g.Events = limit(v, maxEvents) },
		"window":    func(v strict.Value) { g.Window = v.Duration(time.Second, time.Hour) },
		"sync":      func(v strict.Value) { g.Sync = v.Duration(time.Second, time.Hour) },
		"reroute":   func(v strict.Value) { g.Stays = !v.Flag() },
		"overrides": func(v strict.Value) { g.Overrides = r.readOverrides(v) },
	})
	v.Require("events")
	if g.Sync > g.Window {
		v.Fail("sync is longer than window: a replica would not learn of a window before it is over", "")
	}
}

func (r *Reader) readOverrides(v strict.Value) (all []pipeline.Override) {
	items := v.List()
	if len(items) > maxRules {
		v.Fail(fmt.Sprintf("more than %d entries", maxRules), "")
		return nil
	}
	seen := map[string]bool{}
	for _, item := range items {
		var o pipeline.Override
		item.Object(strict.Fields{
			"match":  func(v strict.Value) { o.Match = readMatch(v) },
			"events": func(v strict.Value) { o.Events = limit(v, maxEvents) },
		})
		if item.Require("match", "events") && seen[o.Match] {
			item.Fail("is given twice", "")
		}
		seen[o.Match] = true
		r.at["override "+o.Match] = item
		all = append(all, o)
	}
	return all
}

// readMatch reads a token, or a token and a distinct_id.
func readMatch(v strict.Value) string {
	match := v.Line(1, capture.MaxToken+1+capture.MaxDistinctID)
	if strings.HasPrefix(match, ":") {
		v.Fail("has no token", "a token, or token:distinct_id")
	}
	return match
}

func (r *Reader) readMergeIDs(v strict.Value) {
	var m pipeline.MergeLimit
	if v.IsMapping() {
		v.Object(strict.Fields{
			"limit": func(v strict.Value) { m.IDs = limit(v, maxEvents) },
			"beyond": func(v strict.Value) {
				m.Async = strict.OneOf(v, []string{"dead_letter", "async"}) == "async"
			},
		})
		v.Require("limit")
	} else {
		m.IDs = readSwitchable(v)
	}
	r.change("limits.merge_ids", v, func(f *pipeline.Facts) { f.Merges = m })
}
