package learn

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rehearse/internal/recording"
	"rehearse/scenario/schedule"
)

// Format is the version of profile.json.
const Format = "rehearse/profile/v1"

// Profile is what was learned. It tells of no person: distinct_ids are ranks.
type Profile struct {
	Format      string    `json:"format"`
	Events      int64     `json:"events"`
	DistinctIDs int64     `json:"distinct_ids"`
	Sampling    Sampling  `json:"sampling"` // how exact what is said of ids is
	Seconds     float64   `json:"seconds"`  // of all segments together
	Pause       float64   `json:"longest_pause_s"`
	PeakSecond  float64   `json:"peak_events_per_s"`
	PeakMinute  float64   `json:"peak_events_per_min"`
	PeakHour    float64   `json:"peak_events_per_h"`
	AtLeast     bool      `json:"peaks_at_least,omitempty"` // the events were too disordered for a count by the second
	PeakToMean  float64   `json:"peak_to_mean_60s"`
	Bursts      []Bursts  `json:"bursts"`
	Segments    []Segment `json:"segments"`
	Types       []Type    `json:"types"`       // the most frequent first
	Top         []int64   `json:"top"`         // events of the busiest distinct_ids, by rank, at most 100
	Shares      Shares    `json:"shares"`      // of all events
	Skew        float64   `json:"skew"`        // Zipf exponent over all ranks, by maximum likelihood
	Bytes       Quantiles `json:"event_bytes"` // of the events as JSON in a request
	Merges      Merges    `json:"merges"`
	Duplicates  int64     `json:"duplicates"` // events whose identifier came before
	Disorder    Disorder  `json:"disorder"`
	LeftOut     []LeftOut `json:"left_out"`
	Remarks     []string  `json:"remarks,omitempty"` // what else was passed over or assumed
	Added       int64     `json:"aliases_added"`     // events that no line held (Amplitude)
	OwnIDs      int64     `json:"own_ids"`           // events that had no distinct_id and got one (Mixpanel)
	Synthesis   Synthesis `json:"synthesis"`

	rows  []row         // the rate series; nil: not known
	rates []int64       // the same in equal stretches, for drawing and fitting
	width time.Duration // of those
	curve []run         // for the drawing
}

// Sampling is how distinct_ids were counted: all of them up to some three million,
// else the busiest and a random sample of the others.
type Sampling struct {
	OneIn      int64   `json:"one_in"`             // ids beyond the busiest, of which one is counted
	ExactRanks int64   `json:"exact_ranks"`        // how many of the busiest ids' counts are exact
	IDsError   float64 `json:"distinct_ids_error"` // of their number, as a share of it: two standard deviations
}

// Segment is a stretch of the recording without a long pause.
type Segment struct {
	Start      time.Time `json:"start"`
	Seconds    float64   `json:"seconds"`
	Events     int64     `json:"events"`
	PeakSecond float64   `json:"peak_events_per_s"`
	PeakMinute float64   `json:"peak_events_per_min"`
}

// Type is how often an event occurs.
type Type struct {
	Name   string  `json:"name"`
	Events int64   `json:"events"`
	Share  float64 `json:"share"`
}

// Shares are how much the busiest distinct_ids have of all events.
type Shares struct {
	Top1          float64 `json:"top_1"`
	Top10         float64 `json:"top_10"`
	Top20         float64 `json:"top_20"`
	Top100        float64 `json:"top_100"`
	TopPercent    float64 `json:"top_1_percent"`
	TopTenPercent float64 `json:"top_10_percent"`
	Once          float64 `json:"ids_seen_once"` // of all distinct_ids
}

// Quantiles describe a distribution.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

// Merges are the events that join persons. The shares below are of these events.
type Merges struct {
	Events       int64     `json:"events"`
	Share        float64   `json:"share"`           // of all events
	Fresh        int64     `json:"ids_joined"`      // different ids that were joined to a person
	Early        float64   `json:"early"`           // of an id whose first event comes later
	Reused       float64   `json:"reused"`          // of an id that was joined to somebody else before
	Chains       float64   `json:"chains"`          // to an id that was itself joined before
	FanIn        float64   `json:"fan_in"`          // to one person, beyond its share of the other events
	DelaySeconds Quantiles `json:"anonymous_for_s"` // from an anonymous id's first event to its identification
}

// Disorder is how much of a recording is not in the order of time.
type Disorder struct {
	Backward     int64   `json:"older_than_the_line_before"`
	WorstSeconds float64 `json:"worst_s"`
	NewestFirst  bool    `json:"newest_first,omitempty"`
}

// LeftOut is how many lines could not be used, and why.
type LeftOut struct {
	Reason string `json:"reason"`
	Lines  int64  `json:"lines"`
	Text   string `json:"-"` // where that began and what to do about it
}

// Synthesis is how the scenario makes ids like those that were observed, and how
// well that does in a simulation.
type Synthesis struct {
	Crowd  crowd       `json:"crowd"`  // the ids without a share of their own, and the law nearest to them
	Ranks  []RankGroup `json:"ranks"`  // how many events they have
	Hot    []int64     `json:"hot"`    // events of the ids whose shares are stated
	Reused float64     `json:"reused"` // share of the merges that name an id which was joined before
	Skew   float64     `json:"skew"`
	Shares Shares      `json:"shares"`
	IDs    int64       `json:"distinct_ids"`
	Delay  Delay       `json:"anonymous_for_s"`
	Rates  Rates       `json:"rates"`
}

// topRanks is how many of the busiest ids a profile lists, hotRanks how many of
// them the scenario gives a share of their own.
const (
	topRanks = 100
	hotRanks = 20
)

// ErrEmpty says that there was no event to learn from.
var ErrEmpty = errors.New("the recording holds no event that can be used")

// Profile sums up what was observed; counts is what the reader has to say.
func (o *Observer) Profile(counts *recording.Counts) (*Profile, error) {
	if len(o.segments.all) == 0 {
		err := ErrEmpty
		for _, l := range counts.Left {
			err = fmt.Errorf("%w; %d lines: %s", err, l.Lines, l.Reason)
		}
		return nil, err
	}
	o.countIDs()
	r := o.ids.ranking()
	p := fromRanking(r)
	p.Events, p.Sampling = o.segments.events(), o.ids.sampling()
	p.Disorder = disorderOf(counts)
	p.Merges, p.Duplicates = o.merges(p.Events, p.Disorder.NewestFirst), o.again
	o.tellTimes(p)
	for _, name := range slices.Sorted(maps.Keys(o.kinds)) {
		n := *o.kinds[name]
		p.Types = append(p.Types, Type{name, n, float64(n) / float64(p.Events)})
	}
	slices.SortStableFunc(p.Types, func(a, b Type) int { return cmp.Compare(b.Events, a.Events) })
	p.Bytes = o.sizes.quantiles()
	p.Added, p.OwnIDs, p.Remarks = counts.Added, counts.OwnIDs, counts.Remarks
	if counts.Ahead.Events > 0 {
		p.Remarks = append(slices.Clone(p.Remarks), counts.Ahead.Note())
	}
	for _, l := range counts.Left {
		p.LeftOut = append(p.LeftOut, LeftOut{string(l.Reason), l.Lines, l.Why()})
	}
	p.synthesize(r, o.ids.joinsOf(&o.joins, hotRanks))
	p.Synthesis.Delay = p.fitDelay()
	p.fitRates()
	return p, nil
}

// disorderOf says how much is not in the order of time.
func disorderOf(c *recording.Counts) Disorder {
	return Disorder{
		Backward: c.Backward, WorstSeconds: c.Worst.Seconds(),
		NewestFirst: c.Events > 1 && 2*c.Backward > c.Events,
	}
}

// tellTimes tells when and how fast the events came.
func (o *Observer) tellTimes(p *Profile) {
	hours := o.clock.inOrder()
	p.rows = o.segments.series(stretches(hours))
	quiet := int64(-1)
	p.Bursts = o.segments.bursts(hours, p.Events)
	if !o.clock.lost {
		quiet = quietest(p.rows)
		p.Bursts = burstsOf(p.rows, schedule.Even)
	}
	p.Pause = o.segments.longestPause(quiet).Seconds()
	p.Segments = o.segments.told(hours)
	for _, s := range p.Segments {
		p.Seconds += s.Seconds
		p.PeakSecond, p.PeakMinute = max(p.PeakSecond, s.PeakSecond), max(p.PeakMinute, s.PeakMinute)
	}
	p.AtLeast = o.clock.moved > 0
	for _, h := range hours {
		p.PeakHour = max(p.PeakHour, float64(h.events()))
		p.AtLeast = p.AtLeast || h.late
	}
	p.PeakToMean = p.PeakMinute / 60 / (float64(p.Events) / max(p.Seconds, 60))
	p.rates, p.width = rates(p.rows)
}

// fromRanking tells what follows from the counts by rank.
func fromRanking(r ranking) *Profile {
	seen, events := r.totals()
	return &Profile{
		Format: Format, Events: events, DistinctIDs: seen, Sampling: Sampling{OneIn: 1, ExactRanks: seen},
		Top: r.top(topRanks), Skew: r.skew(), Shares: r.shares(), curve: r.curve(),
	}
}

// quantiles sums up a tally.
func (t *tally) quantiles() Quantiles {
	return Quantiles{t.quantile(0.5), t.quantile(0.9), t.quantile(0.99), t.max, t.mean()}
}

// over divides them all.
func (q Quantiles) over(n float64) Quantiles {
	return Quantiles{q.P50 / n, q.P90 / n, q.P99 / n, q.Max / n, q.Mean / n}
}
