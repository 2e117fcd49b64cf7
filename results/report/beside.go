package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"rehearse/internal/preflight"
	"rehearse/internal/text"
	"rehearse/results/rundir"
	"rehearse/staging/stats"
)

// maxBeside is how much is read of a file that lies beside result.json, in bytes.
const maxBeside = 16 << 20

// beside is what lies beside result.json in some run directories. What is
// missing stays nil or empty; what cannot be read is told in Notes.
type beside struct {
	Check    *preflight.Report
	Endpoint *stats.Endpoint
	Permit   string
	Notes    []string
	Verified *verified   // what was found at the other end; nil: not looked for
	Piled    []fact      // the backlog, and the metrics of the target
	Aside    *besidePage // of the stream that was sent beside; nil: there was none
}

// Sighted tells whether one endpoint saw the whole load, and so knows the hot ids.
func (b *beside) Sighted() bool { return b.Endpoint != nil && b.Endpoint.Joined == 0 }

// readBeside reads the files that only some runs have.
func readBeside(path string) (b beside) {
	var check preflight.Report
	if b.read(path, besideFile{rundir.CheckFile, "rehearse/check/v1", &check, &check.Format}) {
		b.Check = &check
	}
	var endpoint stats.Endpoint
	if b.read(path, besideFile{rundir.EndpointFile, stats.Format, &endpoint, &endpoint.Format}) {
		b.Endpoint = &endpoint
	}
	text, err := readHead(path, rundir.PermitFile, maxScenario)
	b.Permit = strings.ToValidUTF8(string(text), "\uFFFD")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Notes = append(b.Notes, fmt.Sprintf("%s: %v", rundir.PermitFile, err))
	}
	return b
}

// besideFile is a JSON file: its name, the format it must be in, what it is read
// into, and where in that it states its format.
type besideFile struct {
	name, format string
	into         any
	stated       *string
}

// read reads a file and says whether it could.
func (b *beside) read(path string, f besideFile) bool {
	data, err := readHead(path, f.name, maxBeside)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil {
		err = json.Unmarshal(data, f.into)
	}
	if err == nil && *f.stated != f.format {
		err = fmt.Errorf("its format is %q, and only %q is known", text.Printable(*f.stated, 40), f.format)
	}
	if err != nil {
		b.Notes = append(b.Notes, fmt.Sprintf("%s is not shown: %v", f.name, err))
	}
	return err == nil
}

// readHead reads at most so many bytes of a file of a run directory.
func readHead(dir, name string, most int64) ([]byte, error) {
	file, err := rundir.OpenFile(dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

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
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("._=:/,%+-", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
