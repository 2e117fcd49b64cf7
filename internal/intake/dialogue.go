package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrStopped says that not all questions were answered.
var ErrStopped = errors.New("stopped before the last question: nothing was written")

// Dialogue asks the questions one by one.
type Dialogue struct {
	who   Audience
	out   io.Writer
	lines <-chan string
	given map[string]string // answers that were understood, as they were given
}

// NewDialogue returns a dialogue that reads answers from in and writes questions, in the
// words for who, to out. In is read until ctx ends: no answer after that counts.
func NewDialogue(ctx context.Context, who Audience, in io.Reader, out io.Writer) *Dialogue {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return &Dialogue{who: who, out: out, lines: lines, given: make(map[string]string)}
}

// The bounds of an answer.
const (
	maxLine   = 1 << 16
	maxAnswer = 1 << 20
)

// Ask asks every question, and again those whose answers cannot be read or
// contradict each other. Its error is ErrStopped, or one of writing.
func (d *Dialogue) Ask(ctx context.Context) (*Answers, error) {
	_, err := io.WriteString(d.out, "Return alone leaves a question unanswered, ? explains it, Ctrl-C ends without "+
		"writing anything.\n")
	if err != nil {
		return nil, err
	}
	keys := Keys()
	for {
		all := Questions()
		for i, q := range all {
			if !slices.Contains(keys, q.Key) {
				continue
			}
			if err := d.ask(ctx, q.For(d.who), fmt.Sprintf("%d of %d", i+1, len(all))); err != nil {
				return nil, err
			}
		}
		a, err := Understand(d.given)
		var wrong Mistakes
		if !errors.As(err, &wrong) {
			return a, err
		}
		fmt.Fprintf(d.out, "\nThe answers contradict each other:\n")
		keys = nil
		for _, m := range wrong {
			fmt.Fprintf(d.out, "  %s: %s (%s)\n", m.Keys[0], m.What, m.Hint)
			keys = append(keys, m.Keys...)
		}
	}
}

// ask asks one question until its answer can be read; place says where among all it is.
func (d *Dialogue) ask(ctx context.Context, q Question, place string) error {
	before := d.given[q.Key]
	for {
		if _, err := fmt.Fprintf(d.out, "\n%s  %s\n%s%s", place, q.Text, q.pasted(), prompt(q, before)); err != nil {
			return err
		}
		text, err := d.answer(ctx, q)
		switch {
		case errors.Is(err, errTooLong):
			fmt.Fprintf(d.out, "%s: %v (%s)\n", q.Key, err, q.How)
			continue
		case err != nil:
			return err
		case text == "":
			return nil
		case text == "?":
			fmt.Fprintf(d.out, "%s\n", q.explain())
			continue
		case text == "-":
			delete(d.given, q.Key)
			return nil
		}
		if err := q.read(&Answers{}, text); err != nil {
			fmt.Fprintf(d.out, "%s: %v (%s)\n", q.Key, err, q.How)
			continue
		}
		d.given[q.Key] = text
		return nil
	}
}

// pasted shows an answer of several lines; empty: the answer has one.
func (q Question) pasted() string {
	if !q.Lines {
		return ""
	}
	return "  " + strings.ReplaceAll(q.Example, "\n", "\n  ") + "\n"
}

// kind says in short what an answer of one line is.
func (q Question) kind() string {
	if q.How == yesOrNo {
		return yesOrNo
	}
	return "as in " + q.Example
}

// prompt is what stands before an answer.
func prompt(q Question, before string) string {
	first, _, more := strings.Cut(before, "\n")
	var hints []string
	if !q.Lines && before == "" {
		hints = append(hints, q.kind())
	}
	switch {
	case before != "" && more:
		hints = append(hints, "return keeps what was pasted, - takes it back")
	case before != "":
		hints = append(hints, "return keeps "+plain(first)+", - takes it back")
	case q.Assumed != "":
		hints = append(hints, "unanswered: "+q.Assumed)
	}
	if q.Lines {
		hints = append(hints, "an empty line ends the answer")
	}
	if len(hints) == 0 {
		return "> "
	}
	return "[" + strings.Join(hints, "; ") + "]\n> "
}

// errTooLong is an answer too long to have been typed.
var errTooLong = errors.New("more than 1 MiB")

// answer reads the lines of one answer.
func (d *Dialogue) answer(ctx context.Context, q Question) (string, error) {
	var lines []string
	size := 0
	for {
		line, err := d.line(ctx)
		if err != nil {
			return "", err
		}
		trimmed := strings.TrimSpace(line)
		size += len(line)
		if size <= maxAnswer {
			lines = append(lines, line)
		}
		if !q.Lines || trimmed == "" || len(lines) == 1 && (trimmed == "?" || trimmed == "-") {
			break
		}
	}
	if size > maxAnswer {
		return "", errTooLong
	}
	return strings.TrimSpace(strings.Join(lines, "\n")), nil
}

// line reads a line.
func (d *Dialogue) line(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		return "", ErrStopped
	case line, ok := <-d.lines:
		if !ok {
			return "", ErrStopped
		}
		return line, nil
	}
}
