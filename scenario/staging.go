package scenario

import (
	"math"
	"os"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"rehearse/scenario/schedule"
)

// Staging says how the embedded staging endpoint behaves. It is plain data; what
// it means is for the endpoint to say. A file of its own may hold it as well.
type Staging struct {
	Generation  string  // "current" or "2024"; empty: current
	Capacity    float64 // events per second; 0: any number
	Concurrency int     // requests served at once; 0: any number
	Partitions  int     // 0: the endpoint's default
	PerMinute   int64   // events of one id a minute; 0: any number
	Overflow    []string
	OverQuota   []string
	Script      []Mishap
	Setup       Setup
}

// Setup is how the endpoint is set up beside that: what a deployment of the service
// switches on or off.
type Setup struct {
	OverflowLimit   OverflowLimit
	KnownTokens     []string      // others are answered 401; empty: all are known
	Drop            []string      // tokens, or token:distinct_id, whose events are dropped
	Import          bool          // it takes historical batches only
	HistoricalAfter time.Duration // older events take the historical lane; 0: only those that say so
	NoV1            bool
}

// OverflowLimit is the bucket that each id has on the main lane.
type OverflowLimit struct {
	Off        bool
	PerSecond  int64 // 0: the endpoint's default, …
	Burst      int64 // … too
	KeepsOrder bool
}

// Mishap is a stretch of time in which the endpoint misbehaves, counted from the
// first request.
type Mishap struct {
	From, To   time.Duration
	Stall      bool
	Delay      Spread
	ReadBytes  int64 // a second; 0: as they come
	Reject     []StatusShare
	RetryAfter time.Duration
	Stored     float64 // share of a request's events that a rejection with 503 leaves behind

	ResetBefore, Reset, Truncate, Drop, Again float64 // shares of 1
}

// Spread is a distribution of durations: even between Min and Max, and on top of
// that exponential with a mean.
type Spread struct{ Min, Max, Mean time.Duration }

// StatusShare is a share of requests that are answered with a status.
type StatusShare struct {
	Status int
	Share  float64
}

// maxScript bounds what a script may hold: it is walked for every request.
const maxScript = 100

// LoadStaging reads a file that holds what stands under staging in a scenario.
// Its error is of type Errors and tells every mistake.
func LoadStaging(path string) (Staging, error) {
	text, err := readBounded(path)
	if err != nil {
		return Staging{}, Errors{{File: path, What: "cannot read the script: " + cause(err).Error()}}
	}
	root, wrong := parseTree(text)
	if wrong != nil {
		wrong.File = path
		return Staging{}, Errors{*wrong}
	}
	d := &decoder{file: path, lookup: os.LookupEnv, given: make(map[string]field)}
	v := value{d: d, node: root}
	d.given[""] = field{v, v}
	s := readStaging(v)
	if len(d.errors) > 0 {
		return Staging{}, d.errors.sorted()
	}
	return s, nil
}

func readStaging(v value) Staging {
	var s Staging
	v.object(fields{
		"generation":  func(v value) { s.Generation = readGeneration(v) },
		"capacity":    func(v value) { s.Capacity = v.rate() },
		"concurrency": func(v value) { s.Concurrency = int(v.count(1, 1_000_000)) },
		"partitions":  func(v value) { s.Partitions = int(v.count(1, 10_000)) },
		"per_minute":  func(v value) { s.PerMinute = v.count(1, schedule.MaxEvents) },
		"overflow":    func(v value) { s.Overflow = readLines(v) },
		"over_quota":  func(v value) { s.OverQuota = readLines(v) },
		"script":      func(v value) { s.Script = readScript(v) },

		"overflow_limit":   func(v value) { s.Setup.OverflowLimit = readOverflowLimit(v) },
		"known_tokens":     func(v value) { s.Setup.KnownTokens = readLines(v) },
		"drop":             func(v value) { s.Setup.Drop = readLines(v) },
		"mode":             func(v value) { s.Setup.Import = readMode(v) },
		"historical_after": func(v value) { s.Setup.HistoricalAfter = v.duration(time.Second, 100*366*24*time.Hour) },
		"v1":               func(v value) { s.Setup.NoV1 = !v.flag() },
	})
	if x := &s.Setup; s.Generation == "2024" && (len(x.KnownTokens) > 0 || len(x.Drop) > 0 || x.Import || x.HistoricalAfter > 0) {
		v.fail("the service of 2024 knows no tokens, drops nothing by rule, has no mode and looks at no age",
			"leave out known_tokens, drop, mode and historical_after, or generation")
	}
	return s
}

// readGeneration reads a word, or the year, which YAML takes for a number.
func readGeneration(v value) string {
	text, ok := v.scalar("current or 2024", tagText, tagInt)
	if ok && text != "current" && text != "2024" {
		v.fail("unknown generation "+v.quoted(), "known here: current, 2024")
	}
	return text
}

// readMode reads whether the endpoint takes imports only.
func readMode(v value) bool {
	text, ok := v.scalar("events or import", tagText)
	if ok && text != "events" && text != "import" {
		v.fail("unknown mode "+v.quoted(), "known here: events, import")
	}
	return text == "import"
}

// readOverflowLimit reads off, or what the bucket holds.
func readOverflowLimit(v value) (l OverflowLimit) {
	if v.node.Kind != yaml.MappingNode {
		text, ok := v.scalar("off, or a rate and a burst", tagText, tagBool)
		if l.Off = text == "off" || text == "false" || text == "no"; ok && !l.Off {
			v.fail("must be off, or a rate and a burst", "as in {rate: 100, burst: 1000}")
		}
		return l
	}
	const most = 1_000_000_000
	v.object(fields{
		"rate":        func(v value) { l.PerSecond = v.count(1, most) },
		"burst":       func(v value) { l.Burst = v.count(1, most) },
		"keeps_order": func(v value) { l.KeepsOrder = v.flag() },
	})
	v.require("rate", "burst")
	return l
}

func readLines(v value) (lines []string) {
	for _, item := range v.list() {
		lines = append(lines, item.line(1, 2*maxLine))
	}
	return lines
}

func readScript(v value) (script []Mishap) {
	items := v.list()
	if len(items) > maxScript {
		v.fail("more than "+strconv.Itoa(maxScript)+" entries", "")
		return nil
	}
	for _, item := range items {
		script = append(script, readMishap(item))
	}
	return script
}

func readMishap(v value) Mishap {
	var m Mishap
	const longest = 366 * 24 * time.Hour
	sound := v.object(fields{
		"from":         func(v value) { m.From = v.duration(0, longest) },
		"to":           func(v value) { m.To = v.duration(0, longest) },
		"stall":        func(v value) { m.Stall = v.flag() },
		"delay":        func(v value) { m.Delay = readSpread(v) },
		"read_bytes":   func(v value) { m.ReadBytes = v.bytes(1, maxBatchBytes) },
		"reject":       func(v value) { m.Reject = readReject(v) },
		"retry_after":  func(v value) { m.RetryAfter = v.duration(time.Second, time.Hour) },
		"reset_before": func(v value) { m.ResetBefore = v.permille() },
		"reset":        func(v value) { m.Reset = v.permille() },
		"truncate":     func(v value) { m.Truncate = v.permille() },
		"drop":         func(v value) { m.Drop = v.permille() },
		"again":        func(v value) { m.Again = v.permille() },
		"stored":       func(v value) { m.Stored = v.share() },
	})
	if !v.require("from", "to") || !sound {
		return m
	}
	if m.From >= m.To {
		v.fail("from is not before to", "")
	}
	if m.shares() > 1+1e-9 {
		v.fail("the shares of requests add up to more than 100%", "")
	}
	return m
}

// shares is the sum of the shares of requests.
func (m *Mishap) shares() float64 {
	sum := m.ResetBefore + m.Reset + m.Truncate + m.Drop
	for _, r := range m.Reject {
		sum += r.Share
	}
	return sum
}

// permille reads a share of which a thousand requests can hold a whole number.
func (v value) permille() float64 {
	share := v.share()
	if n := share * 1000; math.Abs(n-math.Round(n)) > 1e-6 {
		v.fail("must be a multiple of 0.1%", "")
	}
	return share
}

// readSpread reads one duration, or the bounds and the mean of many.
func readSpread(v value) (s Spread) {
	const longest = time.Hour
	if v.node.Kind != yaml.MappingNode {
		s.Min = v.duration(0, longest)
		return s
	}
	sound := v.object(fields{
		"min":  func(v value) { s.Min = v.duration(0, longest) },
		"max":  func(v value) { s.Max = v.duration(0, longest) },
		"mean": func(v value) { s.Mean = v.duration(0, longest) },
	})
	if sound && s.Max != 0 && s.Min > s.Max {
		v.fail("min is more than max", "")
	}
	return s
}

// readReject reads shares by status.
func readReject(v value) (shares []StatusShare) {
	v.entries(func(key value, name string, share value) {
		status, err := strconv.Atoi(name)
		if err != nil || status < 300 || status > 599 {
			key.fail("must be a status from 300 to 599", "as in {503: 10%}")
		}
		shares = append(shares, StatusShare{status, share.permille()})
	})
	return shares
}
