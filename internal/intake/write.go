package intake

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// WriteScenario writes the answers as a scenario of the given name, which must be
// one that scenarios may have (see [Name]).
func (a *Answers) WriteScenario(out io.Writer, name string) error {
	var b bytes.Buffer
	a.writeHead(&b, name)
	a.writeIntake(&b)
	a.writeTarget(&b)
	a.writeLoad(&b)
	a.writeBatching(&b)
	a.writeTraffic(&b)
	b.WriteString(`# These were not asked about either: what the rehearsal is judged by.
thresholds:
  - p99 < 500ms
  - rejected < 0.1%
  - late < 1%
`)
	_, err := out.Write(b.Bytes())
	return err
}

// writeHead writes what the scenario is about.
func (a *Answers) writeHead(b *bytes.Buffer, name string) {
	who := a.Customer
	if who == "" {
		who = "The customer"
	}
	c := a.course()
	b.WriteString("# yaml-language-server: $schema=rehearse.schema.json\n" +
		"# An editor that knows this line completes and checks the file: rehearse schema > rehearse.schema.json\n#\n")
	fmt.Fprintf(b, "# What was said before the load comes, as a scenario. Each section says which\n# answer it comes "+
		"from, and what is assumed where there was no answer.\n\nname: %s\n", name)
	what := "events"
	if a.Historical == scenario.Yes {
		what = "historical events"
	}
	fmt.Fprintf(b, "about: %s\n", quote(fmt.Sprintf("%s sends %s %s in %s, %s a second at most.", who,
		amount(math.Floor(c.total())), what, rounded(c.ramp+c.hold+c.rest), amount(c.peak))))
	if a.Customer != "" {
		fmt.Fprintf(b, "customer: %s\n", quote(a.Customer))
	}
	if a.Contact != "" {
		fmt.Fprintf(b, "contact: %s\n", quote(a.Contact))
	}
}

// rounded writes a duration to the second, if it has any.
func rounded(d time.Duration) string {
	if d > time.Minute {
		d = d.Round(time.Second)
	}
	return units.FormatDuration(d)
}

// comment writes what the answers to some questions are, or that there is none.
func (a *Answers) comment(b *bytes.Buffer, keys ...string) {
	for _, q := range Questions() {
		for _, key := range keys {
			if q.Key == key {
				b.WriteString(a.commentOn(q))
			}
		}
	}
}

// commentOn is the comment about one question.
func (a *Answers) commentOn(q Question) string {
	if text := q.says(a); text != "" {
		return fmt.Sprintf("# From %s: %s\n", q.Key, plain(text))
	}
	assumed := ""
	if q.Assumed != "" {
		assumed = " Assumed: " + q.Assumed + "."
	}
	return fmt.Sprintf("# unanswered: %s. %s%s\n", q.Key, q.Text, assumed)
}

// plain makes text fit for a comment: one line of printable characters, not long.
func plain(text string) string {
	line := []rune(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, text))
	if len(line) > 200 {
		return string(line[:200]) + "…"
	}
	return string(line)
}

// writeIntake writes the section that holds the answers no other section holds.
func (a *Answers) writeIntake(b *bytes.Buffer) {
	b.WriteString("\n")
	keys := []string{string(scenario.AskCommitted), string(scenario.AskStarts), string(scenario.AskOverlap),
		string(scenario.AskApps)}
	a.comment(b, keys...)
	var fields []string
	for i, answer := range []string{said(a.Committed), startText(a.Starts), said(a.Overlap), said(a.Apps)} {
		if answer != "" {
			fields = append(fields, keys[i]+": "+answer)
		}
	}
	var open []string
	for _, q := range a.Open() {
		open = append(open, string(q))
	}
	if len(open) > 0 {
		fields = append(fields, "unanswered: ["+strings.Join(open, ", ")+"]")
	}
	fmt.Fprintf(b, "intake:\n  %s\n", strings.Join(fields, "\n  "))
}

// writeTarget writes where the events go, and on which lane.
func (a *Answers) writeTarget(b *bytes.Buffer) {
	b.WriteString("\n# The embedded staging endpoint.\n")
	a.comment(b, keyHistorical)
	fmt.Fprintf(b, `target:
  url: ""
  token: ${CAPTURE_TOKEN:-phc_rehearsal}
  compression: gzip
  historical_migration: %v

`, a.Historical == scenario.Yes)
}

// writeTimes writes which times the events have.
func (a *Answers) writeTimes(b *bytes.Buffer) {
	if a.Historical != scenario.Yes {
		b.WriteString("timestamps: now\n")
		return
	}
	a.comment(b, keyHistorical)
	p := a.period()
	if a.Period.From.IsZero() {
		b.WriteString("# The period was not given: a year is assumed.\n")
	}
	fmt.Fprintf(b, "timestamps: {from: %s, to: %s}\n", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339))
}

// startText is a time as a scenario has it.
func startText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// writeLoad writes the section about the rate over time.
func (a *Answers) writeLoad(b *bytes.Buffer) {
	c := a.course()
	a.comment(b, keyPeak, keyDuration, keyRamp)
	if c.rest > time.Second {
		fmt.Fprintf(b, "# At the peak all the while it would be %s events: a lower rate follows it.\n",
			amount(full(c.peak, c.ramp, c.ramp+c.hold+c.rest)))
	}
	if advice := a.rateAdvice(); advice != "" {
		fmt.Fprintf(b, "# %s.\n", advice)
	}
	fmt.Fprintf(b, "load:\n  profile: %s\n\n", c.text())
}

// writeBatching writes how many events a request carries.
func (a *Answers) writeBatching(b *bytes.Buffer) {
	a.comment(b, string(scenario.AskBatching))
	switch {
	case a.Most == 0:
		b.WriteString("batching:\n  events: 100\n\n")
	case a.Fewest == a.Most:
		fmt.Fprintf(b, "batching:\n  events: %d\n\n", a.Most)
	default:
		fmt.Fprintf(b, "batching:\n  events: {min: %d, max: %d}\n\n", a.Fewest, a.Most)
	}
}

// writeTraffic writes who sends which events.
func (a *Answers) writeTraffic(b *bytes.Buffer) {
	mix := a.mix()
	b.WriteString("traffic:\n  seed: 1\n")
	var about bytes.Buffer
	a.comment(&about, keyHottest)
	a.writeIDs(&about, a.ids(mergeShare(mix)))
	a.comment(&about, keyTypes, keyMerges)
	about.WriteString("events:\n")
	for _, r := range mix {
		fmt.Fprintf(&about, "  %s: %s\n", quote(r.Name), decimal(r.Value))
	}
	a.writeTimes(&about)
	for line := range strings.Lines(about.String()) {
		b.WriteString("  " + line)
	}
	b.WriteString("\n")
}

// writeIDs writes how the events fall on distinct_ids.
func (a *Answers) writeIDs(b *bytes.Buffer, found ids) {
	if a.Hottest != nil && !a.Hottest.Share && a.events() == 0 {
		b.WriteString("# The total was not given: the events of the table are assumed to be half of it.\n")
	}
	if found.cut {
		b.WriteString("# Their shares are lower than answered: merges are never of a hot id.\n")
	}
	fmt.Fprintf(b, "distinct_ids:\n  count: %d\n  skew: %.4f\n", found.count, found.skew)
	if len(found.hot) > 0 {
		b.WriteString("  hot:\n")
	}
	for _, share := range found.hot {
		fmt.Fprintf(b, "    - {share: %s%%}\n", decimal(math.Floor(share*1e11)/1e9))
	}
}

// quote writes text as YAML in double quotes, where it needs them.
func quote(text string) string {
	plain := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '$' || c == '_')
	}
	if text != "" && strings.IndexFunc(text, plain) < 0 {
		switch strings.ToLower(text) {
		case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf":
		default:
			return text
		}
	}
	return strconv.QuoteToASCII(text)
}

// decimal writes a number without an exponent.
func decimal(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// Name makes text the name of a scenario: letters, digits, dashes, dots and
// underscores, 64 at most.
func Name(text string) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		}
		return '-'
	}, text)
	name = strings.Trim(name[:min(len(name), 64)], "-.")
	if name == "" {
		return "intake"
	}
	return name
}

// Notes are what a person should know who uses the scenario, in words.
func (a *Answers) Notes() []string {
	var notes []string
	if open := a.Open(); len(open) > 0 {
		var keys []string
		for _, q := range open {
			keys = append(keys, string(q))
		}
		notes = append(notes, fmt.Sprintf("%s unanswered: %s", text.Count(int64(len(open))), strings.Join(keys, ", ")))
	}
	if near := a.nearlyBuiltIn(); len(near) > 0 {
		notes = append(notes, "event-types: "+strings.Join(near, "; ")+" (an event of yours may have such a name)")
	}
	if advice := a.rateAdvice(); advice != "" {
		notes = append(notes, advice)
	}
	if a.ids(mergeShare(a.mix())).cut {
		notes = append(notes, "the shares of the busiest distinct_ids are lower than answered: merges are never of a "+
			"hot "+
			"id, and each needs an earlier event")
	}
	return notes
}
