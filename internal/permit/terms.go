package permit

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// fileFormat names the layout of a permit. A reader refuses any other.
const fileFormat = "rehearse/permit/v1"

// Terms are what a permit allows, as its file says it.
type Terms struct {
	ID       string // letters, digits, dots, dashes and underscores; requests bear it
	Issued   time.Time
	Purpose  string
	Customer string // may be empty
	Contact  string // requests bear it
	Approver string // who signs: the name that stands for the key among the allowed signers

	Hosts    []Host   // that load may go to
	Tokens   []string // fingerprints of the project tokens that may be used, or the word recorded
	Scenario string   // fingerprint of the only scenario allowed, 64 hexadecimal digits; empty: any within Bounds

	Window
	Bounds Bounds
	Stop   Stop
}

// Window is the time in which load may be sent.
type Window struct{ From, Until time.Time }

// Bounds are how much may be sent. A zero one does not bind.
type Bounds struct {
	Peak     float64 // events in any second of a run, whenever that begins; never 0
	Requests int64   // requests in any second of a run
	Events   int64   // of a whole run, counted each time that they are sent; never 0
	Batch    int64   // events of one request
	Merges   int64   // merge events of a whole run, likewise
}

// Stop is how the approver ends a run.
type Stop struct {
	File string // its existence ends the run; an absolute path
	URL  string // the run goes on only as long as this answers go
}

// longestWindow bounds the window: nobody knows today what holds in two months.
const longestWindow = 62 * 24 * time.Hour

// parseTerms reads the text of a permit; file is its name in errors. The error is
// of type Errors and tells every mistake. Nothing in a permit is taken from the
// environment: what was signed is what is read.
func parseTerms(file string, text []byte) (Terms, error) {
	doc, err := strict.Open(file, text, strict.Options{})
	if err != nil {
		return Terms{}, err
	}
	if at := bytes.Index(text, []byte("${")); at >= 0 {
		line := bytes.Count(text[:at], []byte("\n"))
		col := at - bytes.LastIndexByte(text[:at], '\n')
		return Terms{}, strict.Errors{{
			File: file, Line: line + 1, Col: col, What: "a permit does not refer to the environment",
			Hint: "write the value itself",
		}}
	}
	t := readTerms(doc.Root())
	if err := doc.Err(); err != nil {
		return Terms{}, err
	}
	return t, nil
}

const hintID = "it names the directories of the runs"

func readTerms(v strict.Value) (t Terms) {
	sound := v.Object(strict.Fields{
		"format":   func(v strict.Value) { strict.OneOf(v, []string{fileFormat}) },
		"id":       func(v strict.Value) { t.ID = v.Name(hintID) },
		"issued":   func(v strict.Value) { t.Issued = readInstant(v) },
		"purpose":  func(v strict.Value) { t.Purpose = v.Line(1, strict.MaxLine) },
		"customer": func(v strict.Value) { t.Customer = v.Line(0, strict.MaxLine) },
		"contact":  func(v strict.Value) { t.Contact = v.Line(1, strict.MaxLine) },
		"approver": func(v strict.Value) { t.Approver = readPrincipal(v) },
		"hosts":    func(v strict.Value) { t.Hosts = ReadHosts(v) },
		"tokens":   func(v strict.Value) { t.Tokens = readFingerprints(v) },
		"scenario": func(v strict.Value) { t.Scenario = readSum(v) },
		"from":     func(v strict.Value) { t.From = readInstant(v) },
		"until":    func(v strict.Value) { t.Until = readInstant(v) },
		"bounds":   func(v strict.Value) { t.Bounds = readBounds(v) },
		"stop":     func(v strict.Value) { t.Stop = readStop(v) },
	})
	complete := v.Require("format", "id", "issued", "purpose", "contact", "approver", "hosts", "tokens", "from",
		"until",
		"bounds")
	if !sound || !complete {
		return t
	}
	switch {
	case !t.Until.After(t.From):
		v.FailGiven("until", "the window ends before it begins", "until comes after from")
	case t.Until.Sub(t.From) > longestWindow:
		v.FailGiven("until", "a window is at most 62 days long", "give a new permit when its time comes")
	case !t.Until.After(t.Issued):
		v.FailGiven("issued", "the permit was issued after its window", "")
	}
	return t
}

// readInstant reads a time that says how far it is from UTC: without, it would mean
// another one wherever it is read.
func readInstant(v strict.Value) time.Time {
	text, ok := v.Scalar("a time", strict.Text, strict.Time)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v.Fail("cannot read "+v.Quoted()+" as a time with its offset",
			"as in 2026-12-01T10:00:00+01:00, or with Z for UTC")
	}
	return t
}

// readPrincipal reads a name as the file of allowed signers has it.
func readPrincipal(v strict.Value) string {
	name := v.Line(1, strict.MaxLine)
	if strings.ContainsAny(name, " \t,*?!\"#") {
		v.Fail("must be one name, without blanks, commas, quotes and wildcards",
			"as in jo@pipeline.example; it stands before the key in the file of allowed signers")
	}
	return name
}

func ReadHosts(v strict.Value) (hosts []Host) {
	for _, item := range v.NonEmpty("") {
		text := item.Line(1, 300)
		if text == "" {
			continue
		}
		h, err := ParseHost(text)
		if err != nil {
			item.Fail(err.Error(), "as in capture.staging.example:443")
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// tokensRecorded stands among the fingerprints of a permit for the tokens that
// recorded requests have, whatever they are.
const tokensRecorded = "recorded"

func readFingerprints(v strict.Value) (prints []string) {
	for _, item := range v.NonEmpty("") {
		text := item.Line(1, strict.MaxLine)
		if text != "" && text != tokensRecorded && !strict.IsFingerprint(text) {
			item.Fail("is no fingerprint of a token",
				"sha256: and 16 hexadecimal digits; rehearse permit new writes it. Never put the token itself here")
		}
		prints = append(prints, text)
	}
	return prints
}

func readSum(v strict.Value) string {
	text := v.Line(1, strict.MaxLine)
	if text != "" && !strict.IsHex(text, 64) {
		v.Fail("is no fingerprint of a scenario", "64 hexadecimal digits; rehearse permit new writes it")
	}
	return text
}

func readBounds(v strict.Value) (b Bounds) {
	sound := v.Object(strict.Fields{
		"peak":     func(v strict.Value) { b.Peak = v.Rate() },
		"requests": func(v strict.Value) { b.Requests = v.Count(1, schedule.MaxEvents) },
		"events":   func(v strict.Value) { b.Events = v.Count(1, schedule.MaxEvents) },
		"batch":    func(v strict.Value) { b.Batch = v.Count(1, 1_000_000) },
		"merges":   func(v strict.Value) { b.Merges = v.Count(1, schedule.MaxEvents) },
	})
	if !v.Require("peak", "events") || !sound {
		return b
	}
	if b.Peak < 1 || b.Peak > 1e9 {
		v.FailGiven("peak", fmt.Sprintf("must be %s to %s", units.FormatRate(1), units.FormatRate(1e9)), "")
	}
	return b
}

func readStop(v strict.Value) (s Stop) {
	v.Object(strict.Fields{
		"file": func(v strict.Value) {
			if s.File = v.Line(1, 4096); s.File != "" && !filepath.IsAbs(s.File) {
				v.Fail("must be an absolute path", "as in /var/run/stop-rehearsals")
			}
		},
		"url": func(v strict.Value) { s.URL = readStopURL(v) },
	})
	return s
}

// readStopURL reads a URL that is asked again and again while a run goes.
func readStopURL(v strict.Value) string {
	text := v.Line(1, 2000)
	const hint = "as in https://status.staging.example/rehearsals"
	u, err := url.Parse(text)
	switch {
	case text == "":
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		v.Fail("must be a URL that begins with http:// or https://", hint)
	case u.User != nil:
		v.Fail("must not hold a user or password", "a permit is read by many")
	}
	return text
}
