package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
)

// TermsFormat names the layout of a permit. A reader refuses any other.
const TermsFormat = "rehearse/permit/v1"

// Terms are what a permit allows, as its file says it.
type Terms struct {
	ID       string // letters, digits, dots, dashes and underscores; requests bear it
	Issued   time.Time
	Purpose  string
	Customer string // may be empty
	Contact  string // requests bear it
	Approver string // who signs: the name that stands for the key among the allowed signers

	Hosts    []Host   // that load may go to
	Tokens   []string // fingerprints of the project tokens that may be used, or TokensRecorded
	Scenario string   // fingerprint of the only scenario allowed, 64 hexadecimal digits; empty: any within Bounds

	From, Until time.Time // the window
	Bounds      Bounds
	Stop        Stop
}

// Bounds are how much may be sent. A zero one does not bind.
type Bounds struct {
	Peak     float64 // events in any second of a run, whenever that begins; never 0
	Requests int64   // requests in any second of a run
	Events   int64   // of a whole run, counted each time that they are sent; never 0
	Batch    int64   // events of one request
	Merges   int64   // merge events of a whole run, likewise
}

// Stop is how whoever gave the permit ends a run.
type Stop struct {
	File string // its existence ends the run; an absolute path
	URL  string // the run goes on only as long as this answers go
}

// LongestPermit bounds the window: nobody knows today what holds in two months.
const LongestPermit = 62 * 24 * time.Hour

// ParseTerms reads the text of a permit; file is its name in errors. The error is
// of type Errors and tells every mistake. Nothing in a permit is taken from the
// environment: what was signed is what is read.
func ParseTerms(file string, text []byte) (Terms, error) {
	root, wrong := parseTree(text)
	if wrong != nil {
		wrong.File = file
		return Terms{}, Errors{*wrong}
	}
	if at := bytes.Index(text, []byte(opening)); at >= 0 {
		line := bytes.Count(text[:at], []byte("\n"))
		col := at - bytes.LastIndexByte(text[:at], '\n')
		return Terms{}, Errors{{File: file, Line: line + 1, Col: col, What: "a permit does not refer to the environment", Hint: "write the value itself"}}
	}
	d := &decoder{file: file, given: make(map[string]field)}
	d.lookup = func(string) (string, bool) { return "", false }
	v := value{d: d, node: root}
	d.given[""] = field{v, v}
	t := readTerms(v)
	if len(d.errors) > 0 {
		return Terms{}, d.errors.sorted()
	}
	return t, nil
}

func readTerms(v value) (t Terms) {
	sound := v.object(fields{
		"format":   func(v value) { oneOf(v, []string{TermsFormat}) },
		"id":       func(v value) { t.ID = readName(v) },
		"issued":   func(v value) { t.Issued = v.instant() },
		"purpose":  func(v value) { t.Purpose = v.line(1, maxLine) },
		"customer": func(v value) { t.Customer = v.line(0, maxLine) },
		"contact":  func(v value) { t.Contact = v.line(1, maxLine) },
		"approver": func(v value) { t.Approver = readPrincipal(v) },
		"hosts":    func(v value) { t.Hosts = readHosts(v) },
		"tokens":   func(v value) { t.Tokens = readFingerprints(v) },
		"scenario": func(v value) { t.Scenario = readSum(v) },
		"from":     func(v value) { t.From = v.instant() },
		"until":    func(v value) { t.Until = v.instant() },
		"bounds":   func(v value) { t.Bounds = readBounds(v) },
		"stop":     func(v value) { t.Stop = readStop(v) },
	})
	complete := v.require("format", "id", "issued", "purpose", "contact", "approver", "hosts", "tokens", "from", "until", "bounds")
	if !sound || !complete {
		return t
	}
	switch {
	case !t.Until.After(t.From):
		v.d.fail("until", "the window ends before it begins", "until comes after from")
	case t.Until.Sub(t.From) > LongestPermit:
		v.d.fail("until", "a window is at most 62 days long", "give a new permit when its time comes")
	case !t.Until.After(t.Issued):
		v.d.fail("issued", "the permit was issued after its window", "")
	}
	return t
}

// instant reads a time that says how far it is from UTC: without, it would mean
// another one wherever it is read.
func (v value) instant() time.Time {
	text, ok := v.scalar("a time", tagText, tagTime)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v.fail("cannot read "+v.quoted()+" as a time with its offset", "as in 2026-12-01T10:00:00+01:00, or with Z for UTC")
	}
	return t
}

// readPrincipal reads a name as the file of allowed signers has it.
func readPrincipal(v value) string {
	name := v.line(1, maxLine)
	if strings.ContainsAny(name, " \t,*?!\"#") {
		v.fail("must be one name, without blanks, commas, quotes and wildcards", "as in jo@pipeline.example; it stands before the key in the file of allowed signers")
	}
	return name
}

func readHosts(v value) (hosts []Host) {
	items := v.list()
	if items != nil && len(items) == 0 {
		v.fail("must not be empty", "")
	}
	for _, item := range items {
		text := item.line(1, 300)
		if text == "" {
			continue
		}
		h, err := ParseHost(text)
		if err != nil {
			item.fail(err.Error(), "as in capture.staging.example:443")
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// fingerprintDigits is how long the fingerprint of a token is, in hexadecimal.
const fingerprintDigits = 16

// fingerprintMark stands before the fingerprint of a token.
const fingerprintMark = "sha256:"

// FingerprintOf returns what a permit says of a token: enough to know it by, and
// nothing to send with.
func FingerprintOf(token Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return fingerprintMark + hex.EncodeToString(sum[:])[:fingerprintDigits]
}

// TokensRecorded stands among the fingerprints of a permit for the tokens that
// recorded requests bear, whatever they are.
const TokensRecorded = "recorded"

func readFingerprints(v value) (prints []string) {
	items := v.list()
	if items != nil && len(items) == 0 {
		v.fail("must not be empty", "")
	}
	for _, item := range items {
		text := item.line(1, maxLine)
		digits, marked := strings.CutPrefix(text, fingerprintMark)
		if text != "" && text != TokensRecorded && (!marked || !isHex(digits, fingerprintDigits)) {
			item.fail("is no fingerprint of a token", "sha256: and 16 hexadecimal digits; rehearse permit new writes it. Never put the token itself here")
		}
		prints = append(prints, text)
	}
	return prints
}

func readSum(v value) string {
	text := v.line(1, maxLine)
	if text != "" && !isHex(text, 64) {
		v.fail("is no fingerprint of a scenario", "64 hexadecimal digits; rehearse permit new writes it")
	}
	return text
}

// isHex tells whether text is so many hexadecimal digits in lower case.
func isHex(text string, digits int) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(text) == digits && hex.EncodeToString(raw) == text
}

func readBounds(v value) (b Bounds) {
	sound := v.object(fields{
		"peak":     func(v value) { b.Peak = v.rate() },
		"requests": func(v value) { b.Requests = v.count(1, schedule.MaxEvents) },
		"events":   func(v value) { b.Events = v.count(1, schedule.MaxEvents) },
		"batch":    func(v value) { b.Batch = v.count(1, 1_000_000) },
		"merges":   func(v value) { b.Merges = v.count(1, schedule.MaxEvents) },
	})
	if !v.require("peak", "events") || !sound {
		return b
	}
	if b.Peak < 1 || b.Peak > 1e9 {
		v.d.fail("bounds.peak", fmt.Sprintf("must be %s to %s", units.FormatRate(1), units.FormatRate(1e9)), "")
	}
	return b
}

func readStop(v value) (s Stop) {
	v.object(fields{
		"file": func(v value) {
			if s.File = v.line(1, 4096); s.File != "" && !filepath.IsAbs(s.File) {
				v.fail("must be an absolute path", "as in /var/run/stop-rehearsals")
			}
		},
		"url": func(v value) { s.URL = readStopURL(v) },
	})
	return s
}

// readStopURL reads a URL that is asked again and again while a run goes.
func readStopURL(v value) string {
	text := v.line(1, 2000)
	const hint = "as in https://status.staging.example/rehearsals"
	u, err := url.Parse(text)
	switch {
	case text == "":
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		v.fail("must be a URL that begins with http:// or https://", hint)
	case u.User != nil:
		v.fail("must not hold a user or password", "a permit is read by many")
	}
	return text
}
