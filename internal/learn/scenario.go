package learn

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
)

// WriteScenario writes a scenario that synthesizes traffic like what was
// observed. Its rates are in the file called series, which WriteSeries writes.
func (p *Profile) WriteScenario(out io.Writer, name, series string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Learned from a recording of %d events of %d distinct_ids; it holds no data of
# the recording but the names of its events. %d of the events merge persons,
# %d came twice, %d were older than the line before.
`, p.Events, p.DistinctIDs, p.Merges.Events, p.Duplicates, p.Disorder.Backward)
	p.writeObservedDelay(&b)
	fmt.Fprintf(&b, `
name: %s
about: Synthesizes traffic like that of a recording.

target:
  compression: gzip
  historical_migration: true

%s
batching:
  events: 100
  age: 1s

traffic:
  seed: 1
`, scenarioName(name), p.loadSection(series))
	p.writeIDs(&b)
	p.writeTypes(&b)
	p.writeMerges(&b)
	if low, high := p.sizes(); low > 0 {
		fmt.Fprintf(&b, "  properties: {bytes: {p50: %d, p99: %d}}\n", low, high)
	}
	p.writeDirt(&b)
	p.writeLearned(&b)
	_, err := out.Write(b.Bytes())
	return err
}

// writeObservedDelay says how long ids were anonymous, as a comment.
func (p *Profile) writeObservedDelay(b *bytes.Buffer) {
	d := p.Merges.DelaySeconds
	if d.Max == 0 {
		return
	}
	fmt.Fprintf(b, "# Anonymous ids were identified after p50 %s s, p90 %s s, p99 %s s",
		short(d.P50), short(d.P90), short(d.P99))
	if p.Synthesis.Delay.P50 == 0 {
		b.WriteString(`: that is not synthesized,
# because fewer than two visits come on each merge. A merge comes when some
# thousand other events have passed at most.
`)
		return
	}
	b.WriteString(`; the delay below is
# longer, because no run has anybody anonymous from before it began.
`)
}

// writeMerges writes what the merges do besides joining one id to one person each,
// and when.
func (p *Profile) writeMerges(b *bytes.Buffer) {
	m, reused := p.Merges, p.Synthesis.Reused
	var fields []string
	if d := p.Synthesis.Delay; d.P50 > 0 {
		fields = append(fields, d.text())
	}
	if reused+m.Chains+m.FanIn > 0 {
		left := 1 - reused // A merge does one of the three at most.
		chains := min(m.Chains, left)
		fanIn := min(m.FanIn, left-chains)
		fields = append(fields, "chains: "+percent(chains), "fan_in: "+percent(fanIn), "reused: "+percent(reused))
	}
	if len(fields) > 0 {
		fmt.Fprintf(b, "  merges: {%s}\n", strings.Join(fields, ", "))
	}
}

// writeDirt writes disorder, duplicates and merges that come too early.
func (p *Profile) writeDirt(b *bytes.Buffer) {
	if d := p.disorder(); d > 0 {
		fmt.Fprintf(b, "  timestamps: {disorder: %s}\n", units.FormatDuration(d))
	} else {
		b.WriteString("  timestamps: now\n")
	}
	var faults []string
	if n := p.copies(); n > 0 {
		faults = append(faults, "duplicates: "+percent(float64(n)/float64(p.Events)))
	}
	if p.Merges.Early > 0 {
		faults = append(faults, "merges_out_of_order: "+percent(p.Merges.Early))
	}
	if len(faults) > 0 {
		fmt.Fprintf(b, "  faults: {%s}\n", strings.Join(faults, ", "))
	}
}

// writeLearned writes what the recording was like, for a check to compare with.
func (p *Profile) writeLearned(b *bytes.Buffer) {
	s := p.Shares
	fmt.Fprintf(b, "\n# What the recording was like: rehearse check says how far the above is from it.\nlearned:\n")
	fmt.Fprintf(b, "  events: %d\n  distinct_ids: %d\n", p.Events, p.DistinctIDs)
	fmt.Fprintf(b, "  top_1: %s\n  top_10: %s\n  top_100: %s\n  ids_once: %s\n",
		percent(s.Top1), percent(s.Top10), percent(s.Top100), percent(s.Once))
	if len(p.Bursts) == 0 {
		return
	}
	fmt.Fprintf(b, "  peak: %.0f\n  empty: %s\n", p.PeakSecond, percent(p.Bursts[0].Empty))
	for _, w := range p.Bursts {
		if p.Seconds >= fewWindows*float64(w.WindowSeconds) {
			fmt.Fprintf(b, "  cv_%ds: %s\n", w.WindowSeconds, strconv.FormatFloat(w.CV, 'f', 4, 64))
		}
	}
}

// percent writes a share, rounded down to a hundred-millionth, so that shares that
// add up to the whole still fit into it.
func percent(share float64) string {
	return strconv.FormatFloat(math.Floor(1e8*share+1e-3)/1e6, 'f', 6, 64) + "%"
}

// loadSection is the load of the scenario: the observed rates, or, of a profile
// that knows none, an hour with a ramp.
func (p *Profile) loadSection(series string) string {
	if p.rates != nil {
		text := fmt.Sprintf("load:\n  follow: {file: %s, seconds: seconds}\n", strconv.Quote(series))
		if p.Synthesis.Rates.Arrivals != schedule.Even {
			text += fmt.Sprintf("  arrivals: %s\n", p.Synthesis.Rates.Arrivals)
		}
		return text
	}
	rate := max(float64(p.Events)/3000, 0.001) // ten minutes of ramp count as five
	text := strconv.FormatFloat(rate, 'f', 3, 64)
	if rate >= 100 {
		text = strconv.FormatFloat(rate, 'f', 0, 64)
	}
	return fmt.Sprintf("# The rates are not known: an hour with a ramp up and down that sends about as many events.\n"+
		"load:\n  profile: line(0, %s, 10m) const(%s, 40m) line(%s, 0, 10m)\n", text, text, text)
}

// writeIDs writes the population: the busiest ids with their exact shares, and how
// many of the others have how many events.
func (p *Profile) writeIDs(b *bytes.Buffer) {
	b.WriteString("  distinct_ids:\n")
	heading := "    hot:\n"
	for _, n := range p.Synthesis.Hot {
		if n > 0 {
			fmt.Fprintf(b, "%s      - {share: %s}\n", heading, percent(float64(n)/float64(p.Events)))
			heading = ""
		}
	}
	b.WriteString("    ranks:\n")
	for _, g := range p.Synthesis.Ranks {
		events := strconv.FormatFloat(math.Round(1e4*g.Events)/1e4, 'f', -1, 64)
		fmt.Fprintf(b, "      - {ids: %d, events: %s}\n", g.IDs, events)
	}
}

// writeTypes writes the mix.
func (p *Profile) writeTypes(b *bytes.Buffer) {
	if len(p.Types) == 0 {
		return
	}
	b.WriteString("  events:\n")
	for _, t := range p.Types {
		name := strconv.QuoteToASCII(clip(t.Name))
		fmt.Fprintf(b, "    %s: %d\n", name, t.Events)
	}
}

// clip cuts a name to what a scenario takes.
func clip(name string) string {
	runes := []rune(strings.ToValidUTF8(name, "?"))
	return string(runes[:min(len(runes), 200)])
}

// sizes are the percentiles of the events' sizes as a scenario takes them.
func (p *Profile) sizes() (p50, p99 int) {
	p50, p99 = int(p.Bytes.P50), int(p.Bytes.P99)
	return min(p50, 1_000_000), min(max(p50, p99), 1_000_000)
}

// longestRow is how long a row of the series may be, in seconds: a scenario takes no
// longer stage.
const longestRow = 366 * 24 * 3600

// WriteSeries writes the rates as the CSV that load.follow reads, each row with how
// long it lasts. Its periods are seconds from the start: the segments follow each
// other without the pauses between them.
func (p *Profile) WriteSeries(out io.Writer) error {
	b := bufio.NewWriter(out)
	b.WriteString("period,count,seconds\n")
	at := int64(0)
	for _, r := range p.rows {
		for done := int64(0); done < r.seconds; done += longestRow {
			part := min(r.seconds-done, longestRow)
			fmt.Fprintf(b, "%d,%d,%d\n", at, r.portion(done, done+part), part)
			at += part
		}
	}
	return b.Flush()
}

// HasSeries reports whether rates are known.
func (p *Profile) HasSeries() bool { return p.rates != nil }

// SeriesName is what the file with the rates is called beside a scenario.
func SeriesName(scenarioPath string) string {
	base := filepath.Base(scenarioPath)
	return strings.TrimSuffix(base, filepath.Ext(base)) + "-rates.csv"
}

// scenarioName makes a file's name the name of a scenario.
func scenarioName(path string) string {
	base := filepath.Base(path)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, base)
	if name == "" {
		return "profile"
	}
	return name[:min(len(name), 64)]
}
