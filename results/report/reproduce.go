package report

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// setNote is how the copy of a scenario tells of a field that a flag changed.
const setNote = "# --set "

// reproduce is the command that runs a scenario again, with the flags that the
// run was given: those that changed fields are noted at the end of its copy.
func reproduce(run *rundir.Run) string {
	var command strings.Builder
	command.WriteString("rehearse run scenario.yaml")
	seeded := run.Result.Run.Seed == 0
	data, err := readHead(run.Path, rundir.ScenarioFile, maxBeside)
	if err != nil {
		data = nil
	}
	for _, set := range overrides(string(data)) {
		command.WriteString(" --set " + quoted(text.Printable(set, 1000)))
		seeded = seeded || strings.HasPrefix(set, "traffic.seed=")
	}
	if !seeded {
		fmt.Fprintf(&command, " --seed %d", run.Result.Run.Seed)
	}
	return command.String()
}

// overrides are the notes at the very end of the copy of a scenario. A comment
// further up that looks like one is its author's.
func overrides(text string) (sets []string) {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		set, found := strings.CutPrefix(strings.TrimRight(lines[i], "\r"), setNote)
		if !found {
			break
		}
		sets = append(sets, set)
	}
	slices.Reverse(sets)
	return sets
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._=:/,%+-", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
