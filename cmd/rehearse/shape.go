package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rehearse/generator/source"
	"rehearse/generator/traffic"
	"rehearse/rehearsal"
)

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
		Args: exactly("scenario file"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := rehearsal.Load(args[0], rehearsal.Overrides{Set: set})
			if err != nil {
				return err
			}
			shape, err := source.Measure(s, time.Now(), from, n)
			if err != nil {
				return exitError{exitScenario, err}
			}
			if err := writeShape(e.stdout, shape); err != nil {
				return fmt.Errorf("cannot print the shape: %w", err)
			}
			return nil
		},
	}
	c.Flags().SortFlags = false
	c.Flags().Int64VarP(&n, "events", "n", 100_000, "how `many` events to measure")
	c.Flags().Int64Var(&from, "from", 0, "the first one's `index`")
	c.Flags().StringArrayVar(&set, "set", nil, "override one field, as in --set traffic.seed=7 (repeatable)")
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
