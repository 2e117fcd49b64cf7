package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"rehearse/generator/source"
	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/learn"
	"rehearse/internal/recording"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/scenario"
)

// sampleFlags is what the command line of sample asks for.
type sampleFlags struct {
	from, n                 int64
	set                     []string
	rejected                string // a run directory; empty: none
	faults, survey, certain bool
}

// newSample makes the verb sample.
func newSample(e env) *cobra.Command {
	var f sampleFlags
	c := &cobra.Command{
		Use:   "sample [SCENARIO]",
		Short: "Print events as they would be sent, without sending them",
		Long: `sample prints events of a scenario as they would be sent, one JSON object a
line. Any event of a synthesized scenario can be had at once, however late in
the run it comes. Recorded requests are printed with path and body.

With --faults it prints those events alone that are wrong on purpose, with their
number in the run and what is wrong: duplicates, invalid events, and merges that
come too early. What the far end makes of them can be checked against that list.

With --rejected it prints the events that a run of the scenario sent and the
endpoint did not accept, as far as anybody knows: those that its ledger calls
rejected or ambiguous, with the run's own times. The scenario need not be named:
the run directory has it. Some of these may be stored all the same: an answer that
never came is no refusal, and an endpoint that stops in the middle of a batch keeps
what came before. With --certain it prints only those that are certain not to be
stored, which can be sent again without a second look.

With --survey it reads a recording to its end instead and tells what a run would
send: events, requests, span, the longest pause, disorder, what cannot be used,
and how unevenly events fall on distinct_ids.`,
		Example: `  rehearse sample scenarios/quickstart.yaml -n 3
  rehearse sample scenarios/quickstart.yaml --from 50000 -n 1 | jq .
  rehearse sample scenarios/merge-storm.yaml --faults -n 1000 > early.jsonl
  rehearse sample --rejected results/runs/20261201T100000Z-quickstart -n 1000 > lost.jsonl
  rehearse sample scenarios/replay-activity.yaml --survey`,
		Args: func(c *cobra.Command, args []string) error {
			if f.rejected != "" && len(args) == 0 {
				return nil
			}
			return exactly("SCENARIO")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return f.sample(e, c, args) },
	}
	c.Flags().SortFlags = false
	c.Flags().Int64VarP(&f.n, "events", "n", 5, "print `N` events")
	c.Flags().Int64Var(&f.from, "from", 0, "begin with event `N`, counted from 0")
	c.Flags().BoolVar(&f.faults, "faults", false, "only events that are wrong on purpose, with number and reason")
	c.Flags().StringVar(&f.rejected, "rejected", "",
		"only events that the run in `DIR` sent and the endpoint did not accept")
	c.Flags().BoolVar(&f.certain, "certain", false, "with --rejected: leave out what may be stored all the same")
	c.Flags().BoolVar(&f.survey, "survey", false, "tell what a replay would send, instead of printing events")
	c.Flags().StringArrayVar(&f.set, "set", nil, "override a field: `FIELD=VALUE`, as in traffic.seed=7 (repeatable)")
	return c
}

// sample prints what the flags ask for.
func (f *sampleFlags) sample(e env, c *cobra.Command, args []string) error {
	if f.certain && f.rejected == "" {
		return usageError(c, errors.New("--certain goes with --rejected DIR"))
	}
	if f.from < 0 || f.n < 0 {
		return usageError(c, errors.New("--events and --from must not be negative"))
	}
	out := bufio.NewWriter(e.stdout)
	if f.rejected != "" {
		lost := rehearsal.LostOptions{Scenario: first(args), Set: f.set, Most: f.n, Certain: f.certain, Note: e.note}
		return errors.Join(rehearsal.WriteLost(out, f.rejected, lost), out.Flush())
	}
	s, err := loadScenario(e, args[0], f.set)
	if err != nil {
		return err
	}
	if f.survey {
		return surveyReplay(e, s)
	}
	if err := noteClosed(e, s, f.from); err != nil {
		return err
	}
	switch {
	case f.faults:
		err = source.SampleFaults(out, s, time.Now(), f.from, f.n)
	default:
		err = source.Sample(out, s, time.Now(), f.from, f.n)
	}
	if err != nil {
		return exitError{exitScenario, err}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("cannot print the sample: %w", err)
	}
	return nil
}

// noteClosed says that event from on are the first of a sequence that no run of a closed
// loop sends to its end.
func noteClosed(e env, s *scenario.Scenario, from int64) error {
	if s.Load.Closed == 0 {
		return nil
	}
	if beyond := s.Load.Curve.Total(); from >= beyond {
		return exitError{exitScenario, fmt.Errorf("cannot begin with event %d, which no machine comes to in %s: "+
			"give --from below %d", from, units.FormatDuration(s.Load.Closed), beyond)}
	}
	e.note(rehearsal.ClosedLoop(s))
	return nil
}

// surveyReplay tells what a run of s would send, without sending it.
func surveyReplay(e env, s *scenario.Scenario) error {
	if s.Replay == nil {
		return exitError{exitUsage, errors.New("cannot survey: the scenario replays no recording")}
	}
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return err
	}
	defer remove()
	spooled, replay := *s, *s.Replay
	spooled.Replay, replay.Paths = &replay, files.Paths()
	var text strings.Builder
	err = writeSurvey(&text, &spooled, files)
	if _, failed := fmt.Fprint(e.stdout, files.Named(text.String())); failed != nil {
		return failed
	}
	if err != nil {
		return exitError{exitScenario, errors.New(files.Named(err.Error()))}
	}
	return nil
}

// writeSurvey writes what a run of s would send, the first event, and what the
// recording is like. Recorded events are read once for all of that, requests twice.
func writeSurvey(w io.Writer, s *scenario.Scenario, files recording.Files) error {
	o := learn.NewObserver(time.Duration(math.MaxInt64))
	v, err := source.OpenSurvey(s, o.Add)
	if err != nil {
		return err
	}
	defer v.Close()
	plan, err := v.Plan()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s would send %s events in %s requests over %v, at most %.0f events/s\n", s.Name,
		text.Count(plan.Events), text.Count(plan.Requests), plan.Span.Round(time.Millisecond), plan.Peak)
	for _, warning := range plan.Notes() {
		fmt.Fprintf(w, "note: %s\n", warning)
	}
	if err := writeExample(w, files, s.Replay); err != nil {
		return err
	}
	var p *learn.Profile
	if seen := v.Seen(); seen != nil {
		p, err = o.Profile(seen)
	} else {
		p, err = learn.Read(s.Replay, time.Duration(math.MaxInt64))
	}
	if err != nil {
		return err
	}
	fmt.Fprint(w, "\nthe recording\n")
	return p.WriteText(w)
}

// exampleOf writes the first event of what s replays, if that can be looked at: a pipe
// is read once.
func exampleOf(out io.Writer, s *scenario.Scenario) error {
	for _, path := range s.Replay.Paths {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil
		}
	}
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return err
	}
	defer remove()
	return writeExample(out, files, s.Replay)
}

// writeExample writes the first event of a recording beside the line that it was read
// from, so that a wrong mapping is seen. Requests are sent as they are.
func writeExample(out io.Writer, files recording.Files, r *scenario.Replay) error {
	if format, err := files.Detect(r); err != nil || format == scenario.FormatCapture {
		return err
	}
	example, err := files.Example(r)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	e := example.Event
	event := capture.AppendEvent(nil, &capture.Event{Name: e.Name, DistinctID: e.DistinctID, UUID: e.UUID,
		Timestamp: e.Time, Properties: e.Properties})
	_, err = fmt.Fprintf(out, "\nthe first event, and the line that it was read from (%s)\n  %s\n  %s\n", e.Place,
		shown(event), shown(example.Line))
	return err
}

// shown is the beginning of a text, with nothing that a terminal would obey.
func shown(text []byte) string {
	const most = 400
	more := ""
	if len(text) > most {
		text, more = text[:most], "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(text)) + more
}

// newShape makes the verb shape.
func newShape(e env) *cobra.Command {
	var from, n int64
	var set []string
	c := &cobra.Command{
		Use:   "shape SCENARIO",
		Short: "Show the shape of the traffic, as planned and as measured",
		Long: `shape makes events of a scenario without sending them and counts them: the
mix, the hot ids, the events of each person by rank, sizes, merges, and what is
wrong on purpose, each beside what the scenario asks for.`,
		Example: `  rehearse shape scenarios/hot-id.yaml
  rehearse shape scenarios/hot-id.yaml -n 1000000`,
		Args: exactly("SCENARIO"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := loadScenario(e, args[0], set)
			if err != nil {
				return err
			}
			if err := noteClosed(e, s, from); err != nil {
				return err
			}
			shape, err := source.Measure(s, time.Now(), from, n)
			if err != nil {
				return exitError{exitScenario, err}
			}
			if s.Load.Closed > 0 {
				shape.Run = nil // of a run, which has no end that could be known
			}
			if err := writeShape(e.stdout, shape); err != nil {
				return fmt.Errorf("cannot print the shape: %w", err)
			}
			return nil
		},
	}
	c.Flags().SortFlags = false
	c.Flags().Int64VarP(&n, "events", "n", 100_000, "measure `N` events")
	c.Flags().Int64Var(&from, "from", 0, "begin with event `N`, counted from 0")
	c.Flags().StringArrayVar(&set, "set", nil, "override a field: `FIELD=VALUE`, as in traffic.seed=7 (repeatable)")
	return c
}

// shownKinds is how many events of a mix the text lists.
const shownKinds = 30

// writeShape writes the plan and what was measured beside each other.
func writeShape(w io.Writer, s *traffic.Measured) error {
	var p bytes.Buffer
	n := float64(s.To - s.From)
	fmt.Fprintf(&p, "events %d to %d\n\n%-28s %12s %12s\n", s.From, s.To-1, "", "planned", "measured")
	for _, k := range s.Kinds[:min(len(s.Kinds), shownKinds)] {
		fmt.Fprintf(&p, "%-28s %10.3f %% %10.3f %%\n", clip(k.Name), k.Plan*100, k.Measured*100)
	}
	if more := len(s.Kinds) - shownKinds; more > 0 {
		fmt.Fprintf(&p, "and %d more\n", more)
	}
	writeMatches(&p, "hot ids, in events", s.Hot, n)
	writeMatches(&p, "wrong on purpose, in events", s.Faults, 1)
	if len(s.Run) > 0 {
		p.WriteString("\nin the whole run, to the event\n")
	}
	for _, c := range s.Run[:min(len(s.Run), shownKinds)] {
		fmt.Fprintf(&p, "%-28s %12d\n", "  "+clip(c.What), c.Events)
	}
	p.WriteString("\nevents of each person, by rank\n")
	for i := 0; i < len(s.Ranks); i += 1 + i/3 {
		r := s.Ranks[i]
		fmt.Fprintf(&p, "%-28s %12.2f %12.2f\n", fmt.Sprintf("  %d to %d", r.First, r.Last), r.Plan, r.Measured)
	}
	fmt.Fprintf(&p, "\n%-28s %12d\n%-28s %12d\n", "persons", s.Persons, "never seen before", s.Joined)
	fmt.Fprintf(&p, "%-28s %12d\n%-28s %12d\n", "anonymous ids", s.Anonymous, "merges", s.Merges)
	for _, d := range s.Delays {
		fmt.Fprintf(&p, "%-28s %12.2f %12.2f\n", "anonymous for, "+d.Name+", in s", d.Plan, d.Measured)
	}
	for _, q := range []float64{0.5, 0.95, 0.99, 1} {
		fmt.Fprintf(&p, "%-28s %12d\n", fmt.Sprintf("bytes, p%g", q*100), s.Bytes[int(q*float64(len(s.Bytes)-1))])
	}
	_, err := w.Write(p.Bytes())
	return err
}

// writeMatches sets matches under a heading, in units of 1/scale.
func writeMatches(p *bytes.Buffer, heading string, all []traffic.Match, scale float64) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(p, "\n%s\n", heading)
	for _, m := range all[:min(len(all), shownKinds)] {
		fmt.Fprintf(p, "%-28s %12.0f %12.0f\n", "  "+clip(m.Name), m.Plan*scale, m.Measured*scale)
	}
	if more := len(all) - shownKinds; more > 0 {
		fmt.Fprintf(p, "  and %d more\n", more)
	}
}

// clip cuts a name to its column.
func clip(name string) string {
	if text := []rune(name); len(text) > 25 {
		return string(text[:24]) + "…"
	}
	return name
}
