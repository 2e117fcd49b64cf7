package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rehearse/internal/intake"
	"rehearse/scenario/strict"
)

// initFlags is what the command line of init says.
type initFlags struct {
	out       string
	name      string
	answers   string
	force     bool
	questions bool
	markdown  bool
	who       string             // the audience of the questions
	given     map[string]*string // by the question's key; empty: not given
}

// newInit makes the verb init.
func newInit(e env) *cobra.Command {
	f := initFlags{given: map[string]*string{}}
	c := &cobra.Command{
		Use:   "init",
		Short: "Ask what a pipeline team asks, and write the answers as a scenario",
		Long: `init asks what a pipeline team wants to know before a load comes, and writes a
scenario of the answers, with comments that say which answer each section comes
from. What nobody answered is marked as unanswered and filled with a cautious
assumption, so that the scenario loads and runs.

On a terminal it asks one question after another. Or the answers are flags, or
they are in a file: --questions prints the questions as a text for an email that,
filled in, is such a file. A flag's answer counts more than the file's; @FILE is
the text of a file, for what was pasted. Of distinct_ids only counts are kept.`,
		Example: `  rehearse init -o acme.yaml
  rehearse init --questions > questions.yaml
  rehearse init --answers questions.yaml -o acme.yaml
  rehearse init --peak-rate 5000/s --duration 2h --hottest-ids @counts.csv -o -`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.markdown && !f.questions {
				return usageError(c, errors.New("--markdown is for --questions"))
			}
			if who := intake.Audience(f.who); who != intake.Customer && who != intake.Team {
				return usageError(c, fmt.Errorf("--for %q: want customer or team", f.who))
			}
			return initialize(e, c, &f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.out, "output", "o", "scenario.yaml", "write the scenario to `FILE`; - is standard output")
	flags.BoolVar(&f.force, "force", false, "overwrite a file that is there")
	flags.StringVar(&f.name, "name", "", "the scenario's `NAME` (default: that of the file)")
	flags.StringVar(&f.answers, "answers", "", "read the answers from a `FILE`; - is standard input")
	flags.BoolVar(&f.questions, "questions", false,
		"print the questions and write nothing; filled in, they are a file of answers")
	flags.StringVar(&f.who, "for", string(intake.Customer), "ask in the words of `WHO` answers: customer or team")
	flags.BoolVar(&f.markdown, "markdown", false, "print the questions as Markdown")
	for _, q := range intake.Questions() {
		usage := q.Text + " An `ANSWER` as in " + q.Example
		if q.Lines {
			usage = q.Text + " Pasted `TEXT`, or @FILE"
		}
		f.given[q.Key] = flags.String(q.Key, "", usage)
	}
	return c
}

// initialize is the verb's work.
func initialize(e env, c *cobra.Command, f *initFlags) error {
	switch {
	case f.questions && f.markdown:
		return intake.WriteMarkdown(e.stdout, intake.Audience(f.who))
	case f.questions:
		return intake.WriteForm(e.stdout, intake.Audience(f.who))
	}
	if err := f.mayWrite(); err != nil {
		return err
	}
	answers, err := f.gather(e, c)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := answers.WriteScenario(&text, f.scenarioName(answers)); err != nil {
		return err
	}
	if err := f.write(e, text.String()); err != nil {
		return err
	}
	for _, note := range answers.Notes() {
		fmt.Fprintf(e.stderr, "note: %s\n", note)
	}
	return nil
}

// gather gets the answers from flags and a file, or else asks for them.
func (f *initFlags) gather(e env, c *cobra.Command) (*intake.Answers, error) {
	flags, err := f.flagged()
	if err != nil {
		return nil, usageError(c, err)
	}
	if f.answers == "" && len(flags) == 0 {
		return ask(e, c, intake.Audience(f.who))
	}
	form, err := f.form(e)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	if form != nil {
		given = form.Texts()
	}
	maps.Copy(given, flags)
	answers, err := intake.Understand(given)
	var wrong intake.Mistakes
	if errors.As(err, &wrong) {
		return nil, reproach(e, wrong, form, flags)
	}
	return answers, err
}

// flagged are the answers that flags gave.
func (f *initFlags) flagged() (map[string]string, error) {
	given := map[string]string{}
	for key, text := range f.given {
		name, file := strings.CutPrefix(*text, "@")
		switch {
		case *text == "":
			continue
		case !file:
			given[key] = *text
			continue
		}
		content, err := readSmall("the answers", name, nil)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", key, err)
		}
		given[key] = string(content)
	}
	return given, nil
}

// form reads the file of answers, if there is one.
func (f *initFlags) form(e env) (*intake.Form, error) {
	if f.answers == "" {
		return nil, nil
	}
	text, err := readSmall("the answers", f.answers, e.stdin)
	if err != nil {
		return nil, exitError{exitScenario, err}
	}
	form, err := intake.ReadForm(f.answers, text, intake.Keys())
	var wrong strict.Errors
	if errors.As(err, &wrong) {
		return nil, answersWrong(e, wrong.Error(), len(wrong), exitScenario)
	}
	return form, err
}

// readSmall reads a file, or stdin for the name -, up to the size of a scenario; what
// names it in errors.
func readSmall(what, name string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if name != "-" || stdin == nil {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", what, err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, strict.MaxFile+1))
	if err == nil && len(text) > strict.MaxFile {
		err = errors.New("more than 1 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", what, err)
	}
	return text, nil
}

// reproach tells what is wrong with answers: with the flag's name, or with the
// place in the file.
func reproach(e env, wrong intake.Mistakes, form *intake.Form, flags map[string]string) error {
	var lines []string
	var inFile intake.Mistakes
	code := exitUsage
	for _, m := range wrong {
		key := m.Keys[0]
		if _, flag := flags[key]; flag || form == nil {
			lines = append(lines, fmt.Sprintf("--%s: %s (%s)", key, m.What, m.Hint))
		} else {
			inFile = append(inFile, m)
			code = exitScenario
		}
	}
	if len(inFile) > 0 {
		lines = append(lines, form.Mistakes(inFile).Error())
	}
	return answersWrong(e, strings.Join(lines, "\n"), len(wrong), code)
}

// answersWrong prints mistakes, a line each, and returns the exit code.
func answersWrong(e env, lines string, mistakes, code int) error {
	fmt.Fprintf(e.stderr, "%s\nrehearse: the answers have %s\n", lines, count(mistakes, "mistake"))
	return status(code)
}

// ask asks on the terminal.
func ask(e env, c *cobra.Command, who intake.Audience) (*intake.Answers, error) {
	if in, ok := e.stdin.(*os.File); !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, usageError(c, errors.New("there is no terminal to ask on: give answers as flags, or fill in "+
			"what --questions prints and give it to --answers"))
	}
	soft, _, release := e.deadlines(context.Background(), "", nil)
	defer release()
	answers, err := intake.NewDialogue(soft, who, e.stdin, e.stderr).Ask(soft)
	if errors.Is(err, intake.ErrStopped) {
		fmt.Fprintln(e.stderr)
		return nil, exitError{exitInterrupted, err}
	}
	return answers, err
}

// scenarioName is the name that the scenario gets.
func (f *initFlags) scenarioName(a *intake.Answers) string {
	switch {
	case f.name != "":
		return intake.Name(f.name)
	case f.out != "-":
		base := filepath.Base(f.out)
		return intake.Name(strings.TrimSuffix(base, filepath.Ext(base)))
	}
	return intake.Name(strings.ToLower(a.Customer))
}

// mayWrite makes sure, before anybody is asked, that the scenario can be written.
func (f *initFlags) mayWrite() error {
	if f.out == "-" || f.force {
		return nil
	}
	if _, err := os.Lstat(f.out); !errors.Is(err, fs.ErrNotExist) {
		return exitError{exitUsage, fmt.Errorf("%q already exists (choose another with -o, or "+
			"--force overwrites it)", f.out)}
	}
	return nil
}

// write writes the scenario, the whole of it or nothing.
func (f *initFlags) write(e env, text string) error {
	if f.out == "-" {
		_, err := io.WriteString(e.stdout, text)
		return err
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(f.out, how, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write the scenario: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(f.out)
		return fmt.Errorf("cannot write the scenario: %w", err)
	}
	fmt.Fprintf(e.stderr, "wrote %s\n", f.out)
	return nil
}
