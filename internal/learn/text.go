package learn

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// WriteText writes the customer's answers, as a pipeline team asks for them, and
// how well the scenario fits.
func (p *Profile) WriteText(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s events of %s distinct_ids%s",
		text.Count(p.Events), text.Count(p.DistinctIDs), p.Sampling.around())
	if p.rates != nil {
		p.writeRates(&b)
	}
	if note := p.headOnly(); note != "" {
		fmt.Fprintf(&b, "\nnote           %s", note)
	}
	p.writeHottest(&b)
	p.writeKinds(&b)
	if p.rates != nil {
		fmt.Fprintf(&b, "\nevent size     p50 %.0f, p90 %.0f, p99 %.0f, max %.0f bytes\n",
			p.Bytes.P50, p.Bytes.P90, p.Bytes.P99, p.Bytes.Max)
		fmt.Fprintf(&b, "merges         %s (%.3f %% of the events)", text.Count(p.Merges.Events), 100*p.Merges.Share)
		if d := p.Merges.DelaySeconds; d.Max > 0 {
			fmt.Fprintf(&b, ", anonymous for p50 %s s, p90 %s s, p99 %s s", short(d.P50), short(d.P90), short(d.P99))
		}
		if m := p.Merges; m.Early+m.Reused+m.Chains > 0 {
			fmt.Fprintf(&b, "\n               %.2f %% before the id's first event, "+
				"%.2f %% of an id that another person had, %.2f %% in chains", 100*m.Early, 100*m.Reused, 100*m.Chains)
		}
		fmt.Fprintf(&b, "\nduplicates     %s\ndisorder       %s\n", text.Count(p.Duplicates), p.Disorder.text())
		if p.Added+p.OwnIDs > 0 {
			fmt.Fprintf(&b, "put right      %s $identify added for devices of known users, "+
				"%s events without a distinct_id given one of their own\n", text.Count(p.Added), text.Count(p.OwnIDs))
		}
		for _, l := range p.LeftOut {
			fmt.Fprintf(&b, "left out       %s lines: %s\n", text.Count(l.Lines), l.Text)
		}
		for _, remark := range p.Remarks {
			fmt.Fprintf(&b, "note           %s\n", remark)
		}
	}
	p.writeFit(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// writeFit writes how well a synthesis would fit.
func (p *Profile) writeFit(b *strings.Builder) {
	s := p.Synthesis
	fmt.Fprintf(b, "\nfit            observed   synthesized\n")
	fmt.Fprintf(b, "  skew         %8.3f   %8.3f\n", p.Skew, s.Skew)
	for _, row := range []struct {
		name                  string
		observed, synthesized float64
	}{
		{"top 1", p.Shares.Top1, s.Shares.Top1},
		{"top 10", p.Shares.Top10, s.Shares.Top10},
		{"top 100", p.Shares.Top100, s.Shares.Top100},
		{"ids once", p.Shares.Once, s.Shares.Once},
	} {
		fmt.Fprintf(b, "  %-11s %7.2f %%  %7.2f %%\n", row.name, 100*row.observed, 100*row.synthesized)
	}
	fmt.Fprintf(b, "  ids seen     %8s   %8s\n", text.Count(p.DistinctIDs), text.Count(s.IDs))
	if d := s.Delay; d.P50 > 0 {
		fmt.Fprintf(b, "  delay p50    %6s s   %6s s\n", short(p.Merges.DelaySeconds.P50), short(d.ShownP50))
		fmt.Fprintf(b, "  delay p90    %6s s   %6s s\n", short(p.Merges.DelaySeconds.P90), short(d.ShownP90))
	}
	p.writeBursts(b)
}

// writeBursts writes how well a synthesis would follow the rates.
func (p *Profile) writeBursts(b *strings.Builder) {
	for i, shown := range p.Synthesis.Rates.Bursts {
		seen := p.Bursts[i]
		if p.Seconds < fewWindows*float64(seen.WindowSeconds) {
			break
		}
		window := fmt.Sprintf("%d s", seen.WindowSeconds)
		fmt.Fprintf(b, "  cv %-5s     %8s   %8s\n", window, figures(seen.CV), figures(shown.CV))
		if i == 0 {
			fmt.Fprintf(b, "  peak/mean 1 s%7s   %8s\n", figures(seen.PeakToMean), figures(shown.PeakToMean))
			fmt.Fprintf(b, "  empty 1 s    %6.2f %%   %6.2f %%\n", 100*seen.Empty, 100*shown.Empty)
		}
	}
	if off := p.lossOfBursts(); off != "" {
		fmt.Fprintf(b, "  %s\n", off)
	}
}

// fewWindows is how many windows it takes before their spread means anything.
const fewWindows = 10

// lossOfBursts says what the synthesis does not show of the bursts.
func (p *Profile) lossOfBursts() string {
	for i, shown := range p.Synthesis.Rates.Bursts {
		seen := p.Bursts[i]
		if p.Seconds < fewWindows*float64(seen.WindowSeconds) {
			return ""
		}
		if math.Abs(shown.CV-seen.CV) > tolerable*seen.CV {
			return fmt.Sprintf("counts in windows of %d s vary otherwise than recorded: "+
				"their coefficient of variation is %s, was %s", seen.WindowSeconds, figures(shown.CV), figures(seen.CV))
		}
	}
	return ""
}

// tolerable is by how much a synthesis may miss what was recorded without a word, as
// a share of it.
const tolerable = 0.1

// text says how much is out of order.
func (d Disorder) text() string {
	switch {
	case d.NewestFirst:
		return fmt.Sprintf("the newest come first: %s are older than the line before; "+
			"which merges came early is not known", text.Count(d.Backward))
	case d.Backward == 0:
		return "none"
	}
	text := fmt.Sprintf("%s older than the line before, by up to %s", text.Count(d.Backward), span(d.WorstSeconds))
	if within := math.Floor(d.WorstSeconds) + 1; within <= scenario.MaxReorder.Seconds() {
		reorder := units.FormatDuration(time.Duration(within) * time.Second)
		text += fmt.Sprintf(" (a replay with reorder: %s puts them in order)", reorder)
	}
	return text
}

// around sets the error of the number of ids.
func (s Sampling) around() string {
	if s.OneIn == 1 {
		return ""
	}
	return fmt.Sprintf(" (± %.2f %%)", 100*s.IDsError)
}

// writeRates writes when and how fast.
func (p *Profile) writeRates(b *strings.Builder) {
	mean := float64(p.Events) / p.Seconds
	fmt.Fprintf(b, " over %s, %s events/s on average\n", span(p.Seconds), figures(mean))
	fmt.Fprintf(b, "peak           %s%s events in a second (%s x mean), %s in a minute (%s x mean), %s in an hour\n",
		map[bool]string{true: "at least "}[p.AtLeast], whole(p.PeakSecond), figures(p.PeakSecond/mean),
		whole(p.PeakMinute), figures(p.PeakToMean), whole(p.PeakHour))
	fmt.Fprintf(b, "ramp           %s\npause          %s at most\n", p.ramp(), span(p.Pause))
	if len(p.Segments) < 2 {
		return
	}
	b.WriteString("segments       start                  duration     events    mean/s  peak 1 s  peak 60 s\n")
	for i, s := range p.Segments {
		if i == 20 {
			fmt.Fprintf(b, "               and %d more\n", len(p.Segments)-i)
			break
		}
		fmt.Fprintf(b, "               %s  %9s %10s  %8.2f  %8.0f  %9.0f\n",
			s.Start.UTC().Format(time.RFC3339), span(s.Seconds), text.Count(s.Events),
			float64(s.Events)/s.Seconds, s.PeakSecond, s.PeakMinute)
	}
}

// ramp says how the recording comes to its peak.
func (p *Profile) ramp() string {
	peak := 0
	for i, n := range p.rates {
		if n > p.rates[peak] {
			peak = i
		}
	}
	first, most := figures(rate(p.rates[0], p.width)), figures(rate(p.rates[peak], p.width))
	return fmt.Sprintf("from %s events/s to the peak of %s (over %v) after %s", first, most, p.width,
		span(float64(peak)*p.width.Seconds()))
}

// figures is a number in three figures, whole from 100 on.
func figures(x float64) string {
	if x < 100 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	return text.Count(int64(math.Round(x)))
}

// rate is events per second.
func rate(n int64, width time.Duration) float64 { return float64(n) / width.Seconds() }

// writeHottest writes the events of the busiest ids, by rank.
func (p *Profile) writeHottest(b *strings.Builder) {
	fmt.Fprintf(b, "\nmax events per distinct_id, top %d by rank\n", len(p.Top))
	for i := 0; i < len(p.Top); i += 10 {
		fmt.Fprintf(b, "  %3d", i+1)
		for _, n := range p.Top[i:min(i+10, len(p.Top))] {
			fmt.Fprintf(b, " %8s", text.Count(n))
		}
		b.WriteByte('\n')
	}
	if s := p.Sampling; s.ExactRanks < int64(len(p.Top)) {
		fmt.Fprintf(b, "  the first %d are exact, the others are those of one id in %d, which stand for all\n",
			s.ExactRanks, s.OneIn)
	}
	fmt.Fprintf(b, "  shares: top 1 %.2f %%, top 10 %.2f %%, top 1 %% of the ids %.2f %%, top 10 %% %.2f %%; "+
		"%.1f %% of the ids occur once\n",
		100*p.Shares.Top1, 100*p.Shares.Top10, 100*p.Shares.TopPercent, 100*p.Shares.TopTenPercent, 100*p.Shares.Once)
}

// writeKinds writes the mix of events.
func (p *Profile) writeKinds(b *strings.Builder) {
	if len(p.Types) == 0 {
		return
	}
	fmt.Fprintf(b, "\nevent types (%d)\n", len(p.Types))
	for i, t := range p.Types {
		if i == 30 {
			fmt.Fprintf(b, "  and %d more\n", len(p.Types)-i)
			break
		}
		fmt.Fprintf(b, "  %-32.32q %12s  %6.2f %%\n", t.Name, text.Count(t.Events), 100*t.Share)
	}
}

// span is a duration as people read it.
func span(seconds float64) string {
	if seconds >= longestSpan.Seconds() {
		return units.FormatSpan(longestSpan)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// longestSpan is about as long as a difference of two times can be told.
const longestSpan = 291 * 365 * 24 * time.Hour

// whole is a count.
func whole(n float64) string { return text.Count(int64(math.Round(n))) }

// short writes seconds to the tenth that they are known to.
func short(seconds float64) string {
	return strconv.FormatFloat(math.Round(seconds*tenths)/tenths, 'f', -1, 64)
}
