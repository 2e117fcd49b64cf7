package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"rehearse/internal/learn"
	"rehearse/scenario"
)

// profileFlags is what the command line of profile says.
type profileFlags struct {
	out    []string
	top    string
	format string
	fields map[string]string
	gap    time.Duration
	json   bool
}

// newProfile makes the verb profile.
func newProfile(e env) *cobra.Command {
	var f profileFlags
	c := &cobra.Command{
		Use:   "profile EXPORT…",
		Short: "Learn a scenario from an export",
		Long: `profile reads an export once and learns from it how the rate moves, how
unevenly events fall on distinct_ids, which events there are and how large, how
many merge persons and after how long, and how dirty it all is. It prints the answers that a
pipeline team asks for, and how well a synthesis would fit.

-o writes what was learned: to a .yaml file a scenario (its rates beside it as
CSV), to a .json file the profile, to an .svg file a drawing. None of them holds
personal data: distinct_ids are ranks. Give -o several times for several files.

The export may be files, directories, patterns, or - for standard input, in any
format that a replay reads; it may be compressed. --top takes the result of a
query instead of the data: a CSV with a count per distinct_id.`,
		Example: `  rehearse profile exports/*.jsonl.gz -o acme.yaml -o acme.svg
  rehearse profile events.csv --field distinct_id=user --field timestamp=at
  rehearse profile --top counts.csv -o acme.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 0) == (f.top == "") {
				return usageError(c, errors.New("profile wants an export, or --top with a file of counts"))
			}
			if f.gap <= 0 {
				return usageError(c, fmt.Errorf("--gap %v is no pause: give one such as 12h", f.gap))
			}
			return learnProfile(e, args, f)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringArrayVarP(&f.out, "output", "o", nil,
		"write a scenario (.yaml), the profile (.json) or a drawing (.svg) to `FILE` (repeatable)")
	c.Flags().StringVar(&f.top, "top", "", "learn from a count per distinct_id in this CSV `FILE`")
	c.Flags().StringVar(&f.format, "format", "auto", "the `FORMAT` of the export, as replay.format")
	c.Flags().StringToStringVar(&f.fields, "field", nil,
		"map a `PART=MEMBER` of the event, as replay.fields (repeatable)")
	c.Flags().DurationVar(&f.gap, "gap", 12*time.Hour, "a `DURATION` longer than this is left out of the rates")
	c.Flags().BoolVar(&f.json, "json", false, "print the profile as JSON instead of text")
	return c
}

// spare is how much of the memory in use may be garbage, in percent. Reading makes
// next to none, and the tables of ids are large.
const spare = 20

// learnProfile is the verb's work.
func learnProfile(e env, args []string, f profileFlags) error {
	for _, path := range f.out {
		if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" && ext != ".json" && ext != ".svg" {
			return exitError{exitUsage, fmt.Errorf("cannot write %q: its name must end in .yaml, .json or .svg", path)}
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(spare))
	p, err := f.read(args)
	if errors.Is(err, learn.ErrEmpty) {
		err = fmt.Errorf("%w (--format names another format, --field the members, or the columns of a table, that "+
			"are event, distinct_id and timestamp)", err)
	}
	if err != nil {
		return exitError{exitScenario, err}
	}
	for _, path := range f.out {
		if err := writeProfile(p, path); err != nil {
			return err
		}
		fmt.Fprintf(e.stderr, "wrote %s\n", path)
	}
	if f.json {
		return writeJSON(e.stdout, p)
	}
	return p.WriteText(e.stdout)
}

// read learns from what the command line names.
func (f *profileFlags) read(args []string) (*learn.Profile, error) {
	if f.top != "" {
		file, err := os.Open(f.top)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return learn.ReadTop(file)
	}
	set := []string{"replay.format=" + f.format}
	for part, member := range f.fields {
		set = append(set, "replay.fields."+part+"="+member)
	}
	quoted, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("name: profile\nreplay: {files: %s}\n", quoted)
	s, err := scenario.Parse("profile", []byte(text), scenario.Options{Set: set})
	if err != nil {
		return nil, err
	}
	return learn.Read(s.Replay, f.gap)
}

// writeProfile writes what was learned to a file, in the form that its name asks
// for.
func writeProfile(p *learn.Profile, path string) error {
	switch filepath.Ext(path) {
	case ".json":
		return writeFile(path, func(out io.Writer) error { return writeJSON(out, p) })
	case ".svg":
		return writeFile(path, p.WriteSVG)
	}
	series := learn.SeriesName(path)
	if p.HasSeries() {
		if err := writeFile(filepath.Join(filepath.Dir(path), series), p.WriteSeries); err != nil {
			return err
		}
	}
	return writeFile(path, func(out io.Writer) error { return p.WriteScenario(out, path, series) })
}
