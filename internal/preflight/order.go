package preflight

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
)

// The bounds of merges at risk: below them they are among the plan's figures only,
// because some merges are in every product's traffic.
const (
	riskyShare  = 0.01   // of all events
	riskyMerges = 10_000 // in all
)

// hotIDs says which ids are over the limit of the bucket, and what comes of it.
func hotIDs(l *checker) []Finding {
	hot, p, over := l.overBucket()
	if len(hot) == 0 {
		return nil
	}
	hint, after := "tell the customer that the order of these distinct_ids' events is relaxed",
		"overflow and may be processed out of order"
	tell := "They may be processed out of order, so that an older value of a property may win."
	if l.keepsOrder(hot) {
		hint, after = "tell the customer that these distinct_ids' events are late",
			"overflow to one slower lane, in order"
		tell = "They take a slower lane, in order, and appear later than the others."
	}
	if p.SafeRate != nil && *p.SafeRate >= 1 {
		hint += fmt.Sprintf("; at %s events/s in all, none overflows",
			text.Count(math.Floor(*p.SafeRate)))
	}
	if limit := l.limits(); limit.perSecond > 0 &&
		hot[0].Share*float64(l.s.Batching.MaxEvents) > limit.burst {
		hint += fmt.Sprintf("; a batch by itself overflows: set batching.events to %.0f or less",
			math.Floor(limit.burst/hot[0].Share))
	}
	return told(cured(l.accommodate(draft{"hot-ids", l.idsPath(),
		fmt.Sprintf("%s the per-id rate limit of %s: %s; %s events%s %s",
			idsExceed(len(hot)), l.limits(), idsAt(hot), text.Count(over),
			around(l.report.Plan.Errors.Overflow), after), hint}), l.cooler(hot)...),
		fmt.Sprintf("The events of %s come faster than %s. %s", idsOf(hot), l.limits(), tell))
}

// overBucket are the ids of which events overflow by rate that the global limit has not
// taken already, and how many events that are.
func (l *checker) overBucket() (hot []HotID, p *Plan, over int64) {
	for _, h := range l.report.hot {
		if !h.forced && h.Overflow > h.Global {
			hot, over = append(hot, h), over+h.Overflow-h.Global
		}
	}
	return hot, &l.report.Plan, over
}

// keepsOrder tells whether what overflows by rate keeps its key.
func (l *checker) keepsOrder(hot []HotID) bool {
	f := l.facts
	if slices.ContainsFunc(hot, func(h HotID) bool { return h.unkeyed }) {
		return false
	}
	return (!f.Overflow.On() || f.Overflow.KeepsOrder) && (!f.Consumer.On() || f.Consumer.KeepsOrder)
}

// idsOf names the first few ids, for a mail.
func idsOf(hot []HotID) string {
	const named = 3
	var words []string
	for _, h := range hot[:min(len(hot), named)] {
		words = append(words, string(plain(h.DistinctID, 40)))
	}
	return list(words, len(hot)-len(words))
}

// cooler are the cures of ids that are over a limit of one id: a lower peak, more ids, the
// lane of imports for old events, and smaller batches where one by itself is over the burst.
func (l *checker) cooler(hot []HotID) (cures []cure.Cure) {
	limit, share := l.limits(), 0.0
	steady, projects := limit.steady(), l.projects()
	for i := range hot {
		share = max(share, hot[i].Share)
		k := key{token: projects[max(hot[i].Project-1, 0)].Token.Reveal(), id: hot[i].DistinctID}
		if own := l.limitsOf(&k).steady(); own > 0 && (steady == 0 || own < steady) {
			steady = own // an override may be lower
		}
	}
	cures = append(cures, l.split(steady), l.lower(steady/max(share, 1e-12)))
	if l.oldest > old && !l.s.Target.HistoricalMigration {
		cures = append(cures, cure.Historical(l.s))
	}
	if limit.perSecond > 0 && share*float64(l.s.Batching.MaxEvents) > limit.burst {
		cures = append(cures, cure.Batch(l.s, int64(limit.burst/share)))
	}
	return cures
}

// idsAt names the first few ids, with their rate and when they are over their limit.
func idsAt(hot []HotID) string {
	const named = 3
	var words []string
	for _, h := range hot[:min(len(hot), named)] {
		words = append(words, fmt.Sprintf("%s (%s/s at the peak, from %s%s on)",
			plain(h.DistinctID, 40), text.Rate(h.PeakPerS), seconds(*h.OverflowsS),
			within(h.FirstError)))
	}
	return list(words, len(hot)-len(words))
}

// globalLimit says which ids are processed without persons.
func globalLimit(l *checker) []Finding {
	var hot []HotID
	over, off := int64(0), 0.0
	for _, h := range l.report.hot {
		if h.Global > 0 {
			hot, over = append(hot, h), over+h.Global
			off = math.Hypot(off, h.OverflowError*float64(h.Global))
		}
	}
	if len(hot) == 0 {
		return nil
	}
	g := &l.facts.Global
	where := "to the overflow lane, without a key, "
	if g.Stays {
		where = "without a key "
	}
	return told(cured(l.accommodate(draft{"global-limit", l.idsPath(),
		fmt.Sprintf("%s the global limit of %s events in %s: %s; %s events%s go %sand without person processing: "+
			"they set no properties, and merges of them do not happen", idsExceed(len(hot)), text.Count(g.Events),
			seconds(g.Window.Seconds()), idsAt(hot), text.Count(over),
			around(off/float64(max(over, 1))), where),
		fmt.Sprintf("keep each distinct_id below %s events/s, give it an override, or send a backfill with "+
			"historical_migration; the service warns with high_volume_distinct_id",
			rateText(math.Floor(g.PerSecond(g.Events))))}), l.cooler(hot)...),
		fmt.Sprintf("The events of %s come faster than the limit of %s in %s for one distinct_id. Beyond it they are "+
			"stored without persons: they set no properties, and identify and alias calls among them merge "+
			"nothing. Please send them slower, over several distinct_ids, or as an import with historical_migration.",
			idsOf(hot), text.Count(g.Events), seconds(g.Window.Seconds())))
}

// String writes the limits in words.
func (m limits) String() string {
	var words []string
	if m.perSecond > 0 {
		words = append(words, fmt.Sprintf("%s/s with a burst of %s", text.Rate(m.perSecond),
			text.Count(m.burst)))
	}
	if c := m.consumer; c.PerSecond > 0 {
		words = append(words, fmt.Sprintf("%s/s with a burst of %s in the consumer", text.Count(c.PerSecond),
			text.Count(c.Burst)))
	}
	return strings.Join(words, " and ")
}

// idsExceed counts ids that exceed something.
func idsExceed(n int) string {
	if n == 1 {
		return "1 distinct_id exceeds"
	}
	return text.Count(n) + " distinct_ids exceed"
}

// idsPath is the field that says how busy ids are.
func (l *checker) idsPath() string {
	switch {
	case l.s.Replay != nil:
		return "replay"
	case l.s.Gives("traffic.distinct_ids.hot"):
		return "traffic.distinct_ids.hot"
	}
	return "traffic.distinct_ids"
}

// mergesAtRisk says how many merges may be processed too early, where there is a reason
// to think so: partitions that are known to lag, ids that overflow to another lane, or an
// order that is wrong on purpose. Healthy partitions do not differ in lag.
func mergesAtRisk(l *checker) []Finding {
	m := &l.report.Merges
	var why, do []string
	var cures []cure.Cure
	if lag := l.facts.Hazard; l.file && l.facts.Gives("hazard") {
		for _, r := range m.ReadEarly {
			many := float64(r.AtMost) >= riskyShare*float64(l.load.Events) ||
				r.AtMost >= riskyMerges
			if r.LagS == lag.Seconds() && many {
				why = append(why, fmt.Sprintf("%s if partitions lag by %s", text.Count(r.AtMost),
					seconds(r.LagS)))
				do = append(do, "watch the lag of the partitions, or send the merges after "+
					"everything else")
				cures = append(cures, cure.MergesLater(l.s, lag, l.load.Curve.Span()))
			}
		}
	}
	if m.Overflow > 0 {
		why = append(why, text.Count(m.Overflow)+" into distinct_ids that overflow to another lane")
		do = append(do, "keep these ids below their limit")
		cures = append(cures, l.cooler(l.report.hot)...)
	}
	if t := l.s.Traffic; t != nil && t.Faults.EarlyMerges > 0 && m.Early > 0 {
		why = append(why, text.Count(m.Early)+" sent before any event of the id that they join")
		do = append(do, "leave merges_out_of_order out of traffic.faults, unless that is what is "+
			"rehearsed")
		cures = append(cures, cure.Set("merges after their events", "traffic.faults.merges_out_of_order", "0%"))
	}
	if len(why) == 0 {
		return nil
	}
	return told(cured(l.accommodate(draft{"merges-at-risk", l.mixPath(),
		fmt.Sprintf("merges may be processed before the events they depend on: of %s, %s",
			text.Count(m.Total), strings.Join(why, ", ")),
		strings.Join(do, "; ")}), cures...),
		"Some identify and alias calls may be processed before events of the ids that they join. These events then "+
			"belong to a person of their own. Please send the merges after all other events.")
}

// The bounds of delays that a run is too short for.
const (
	tooSoon    = 0.75 // of what the scenario asks for
	fewMerges  = 100  // below which a percentile says little
	delayField = "traffic.merges.delay"
)

// mergesTooSoon says where ids are merged sooner than the scenario asks for: nobody
// can have been anonymous for longer than the run goes on already.
func mergesTooSoon(l *checker) []Finding {
	m := &l.report.Merges
	if !l.s.Gives(delayField) || m.Total < fewMerges {
		return nil
	}
	d := l.s.Traffic.Merges.Delay
	if m.P50 >= tooSoon*d.P50.Seconds() && m.P90 >= tooSoon*d.P90.Seconds() {
		return nil
	}
	return l.note(draft{"merges-too-soon", delayField,
		fmt.Sprintf("ids are to be anonymous for p50 %s and p90 %s, and come to %s and %s: a run "+
			"of %s is too short for that, and merges at its beginning end visits that have just "+
			"begun",
			seconds(d.P50.Seconds()), seconds(d.P90.Seconds()), seconds(m.P50), seconds(m.P90),
			seconds(l.report.Plan.Seconds)),
		"make the run several times as long as the p90, or give shorter delays; a delay that a " +
			"profile has learned makes up for that already"})
}

// The bounds of what stays for ever: a person is a row in a database, a name an
// entry in everybody's list of events.
const (
	// manyPersons is from where on new persons matter to a database.
	manyPersons = 1_000_000
	// perPerson is how many events a person has at least where persons are real. An
	// id that is new with nearly every event is not a person but a mistake, such as
	// a random number.
	perPerson = 4
	// manyNames is how many different events a product has at most.
	manyNames = 1000
)

// persons refuses ids without bound.
func persons(l *checker) []Finding {
	n := l.report.Plan.Persons
	if n <= manyPersons || n*perPerson <= l.load.Events {
		return nil
	}
	return l.refuse(draft{"unbounded-persons", "traffic.distinct_ids",
		fmt.Sprintf("%s different distinct_ids in %s events, fewer than %d events each: every "+
			"one becomes a person that stays", text.Count(n), text.Count(l.load.Events), perPerson),
		"lower distinct_ids.count, growth or visits.anonymous, or ask for events without a " +
			"person (personless)"})
}

// names refuses event names without bound.
func names(l *checker) []Finding {
	if l.names <= manyNames {
		return nil
	}
	return l.refuse(draft{"unbounded-event-names", "traffic.events",
		fmt.Sprintf("%s different event names: every one becomes a definition that stays",
			text.Count(l.names)),
		fmt.Sprintf("use %s names or fewer, and put what differs into a property",
			text.Count(manyNames))})
}

// The bounds of ids of one person, and of rows that wait to be squashed: too many break
// queries (PostHog/posthog#27710).
const (
	wideIDs      = 10_000
	manyOverride = 1_000_000
)

// mergeIDs says which merges move too many ids, or how many one would.
func mergeIDs(l *checker) []Finding {
	p := &l.report.Storage.Persons
	find, what := l.note, ""
	switch {
	case p.Beyond > 0 && p.Async:
		what = fmt.Sprintf("%s move more than %s ids at once and are done later, from a topic of their own",
			text.Plural(p.Beyond, "merge"), text.Count(p.Limit))
	case p.Beyond > 0:
		find = l.accommodate
		what = fmt.Sprintf("%s move more than %s ids at once and become dead letters: these persons are never joined",
			text.Plural(p.Beyond, "merge"), text.Count(p.Limit))
	case p.IDs.Max >= wideIDs:
		what = "a merge of that person into another moves all of them in one transaction"
	default:
		return nil
	}
	return told(cured(find(draft{"merge-ids", l.mergesPath(),
		fmt.Sprintf("one person gets %s ids; %s", text.Count(p.IDs.Max), what),
		"find out whose these ids are: one person with thousands is a shared id, such as that of a server"}),
		l.narrower()...),
		fmt.Sprintf("One person of this import has %s distinct_ids. That is hardly one person: please check whether "+
			"an id is shared, and give each person one of their own.", text.Count(p.IDs.Max)))
}

// mergesPath is the field that says what merges do.
func (l *checker) mergesPath() string {
	if l.s.Gives("traffic.merges") {
		return "traffic.merges"
	}
	return l.mixPath()
}

// narrower are the cures of persons with too many ids.
func (l *checker) narrower() (cures []cure.Cure) {
	if l.s.Traffic == nil {
		return nil
	}
	if l.s.Traffic.Merges.Wide > 0 {
		cures = append(cures, cure.Set("no merge of that person", "traffic.merges.wide", "0%"))
	} else if l.s.Traffic.Merges.FanIn > 0 {
		cures = append(cures, cure.Set("no fan-in", "traffic.merges.fan_in", "0%"))
	}
	return cures
}

// overrideRows says how many rows wait to be squashed.
func overrideRows(l *checker) []Finding {
	p := &l.report.Storage.Persons
	if p.Overrides < manyOverride {
		return nil
	}
	return l.note(draft{"override-rows", l.mixPath(),
		fmt.Sprintf("merges write %s rows of person_distinct_id_overrides, and %s events are to be rewritten before "+
			"they are squashed: queries are slower until then", text.Count(p.Overrides), text.Count(p.Rewritten)),
		"squash them after the run, before the next one"})
}
