package intake

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// converse holds a dialogue in which a person types the lines.
func converse(t *testing.T, typed string) (*Answers, string, error) {
	t.Helper()
	var out strings.Builder
	a, err := NewDialogue(t.Context(), Customer, strings.NewReader(typed), &out).Ask(t.Context())
	return a, out.String(), err
}

// typed are the answers of a person who knows everything: an empty line ends a
// table.
func typed(all map[string]string) string {
	var b strings.Builder
	for _, q := range Questions() {
		b.WriteString(all[q.Key] + "\n")
		if q.Lines && all[q.Key] != "" {
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestDialogueAsksEverything(t *testing.T) {
	t.Parallel()
	a, out, err := converse(t, typed(examples()))
	if err != nil {
		t.Fatal(err)
	}
	if open := a.Open(); len(open) != 0 || a.Customer != "Acme" || len(a.Hottest.Rows) != 3 {
		t.Errorf("open %v, %+v", open, a)
	}
	for _, q := range Questions() {
		if strings.Count(out, q.Text) != 1 {
			t.Errorf("%q is asked %d times", q.Text, strings.Count(out, q.Text))
		}
	}
}

func TestDialogueTakesNoAnswers(t *testing.T) {
	t.Parallel()
	a, out, err := converse(t, strings.Repeat("\n", len(Questions())))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a.Open()); n != 12 {
		t.Errorf("%d questions are open, want 12", n)
	}
	if !strings.Contains(out, "[as in 100; unanswered: 100 events a request]\n> ") {
		t.Errorf("what is assumed is not shown:\n%s", out)
	}
}

// TestDialogueExplainsAndAsksAgain: what is wrong is said, and the question comes
// again.
func TestDialogueExplainsAndAsksAgain(t *testing.T) {
	t.Parallel()
	all := examples()
	all["batching"] = "?\nmany\n100"
	a, out, err := converse(t, typed(all))
	if err != nil || a.Most != 100 {
		t.Fatalf("%v, %+v", err, a)
	}
	for _, want := range []string{
		"Why: unbatched requests cost far more per event.",
		`batching: cannot read "many" as a count: a number is missing (a number, or the fewest and the most`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	all["hottest-ids"] = "?\nnobody\n\na,5"
	if a, _, err = converse(t, typed(all)); err != nil || len(a.Hottest.Rows) != 1 {
		t.Errorf("a table: %v, %+v", err, a)
	}
}

// TestDialogueSettlesContradictions: those that contradict each other are asked
// again; return keeps an answer, - takes it back.
func TestDialogueSettlesContradictions(t *testing.T) {
	t.Parallel()
	all := examples()
	all["duration"] = "5m" // and a ramp of 10m
	a, out, err := converse(t, typed(all)+"1h\n\n")
	if err != nil || a.Duration != time.Hour || a.Ramp != 10*time.Minute {
		t.Fatalf("%v, %+v", err, a)
	}
	if !strings.Contains(out, "ramp: a ramp of 10m does not fit into 5m (make the ramp shorter, "+
		"or the duration longer)") || !strings.Contains(out, "[return keeps 10m, - takes it back]") {
		t.Error(out)
	}
	a, _, err = converse(t, typed(all)+"\n-\n")
	if err != nil || a.Duration != 5*time.Minute || a.Ramps {
		t.Errorf("%v, %+v", err, a)
	}
}

func TestDialogueEndsWithTheInput(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"", "Acme\n", "Acme\nme@acme.example\nperhaps\n"} {
		if a, _, err := converse(t, typed); !errors.Is(err, ErrStopped) || a != nil {
			t.Errorf("%q: %v, %v", typed, a, err)
		}
	}
}

// TestDialogueCanBeInterrupted while nobody types anything.
func TestDialogueCanBeInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		in, keyboard := io.Pipe()
		done := make(chan error)
		go func() {
			_, err := NewDialogue(ctx, Customer, in, io.Discard).Ask(ctx)
			done <- err
		}()
		if _, err := io.WriteString(keyboard, "Acme\n"); err != nil {
			t.Error(err)
		}
		interrupt()
		if err := <-done; !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		keyboard.Close()
	})
}

// TestDialogueBoundsAnAnswer: a table that does not end is read over, and asked
// for again.
func TestDialogueBoundsAnAnswer(t *testing.T) {
	t.Parallel()
	all := examples()
	all["hottest-ids"] = strings.Repeat(strings.Repeat("x", 60)+",5\n", maxAnswer/60+1) + "\na,5"
	a, out, err := converse(t, typed(all))
	if err != nil || !strings.Contains(out, "hottest-ids: more than 1 MiB") || len(a.Hottest.Rows) != 1 {
		t.Errorf("%v\n%.2000s", err, out)
	}
}

// TestDialogueSaysWhereItIs: the place among all questions, and what an answer is like,
// stand before the first answer.
func TestDialogueSaysWhereItIs(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	nothing := strings.NewReader(strings.Repeat("\n", len(Questions())))
	if _, err := NewDialogue(t.Context(), Team, nothing, &out).Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n1 of 14  Who is the customer?\n[as in Acme]\n> ", "\n3 of 14  Is the customer committed, ",
		"\n[yes or no]\n> ", "\n  $pageview 70%\n  purchase 27%\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the dialogue lacks %q:\n%s", want, out.String())
		}
	}
}

// TestNearlyBuiltIn: a name that lacks its dollar sign is asked about.
func TestNearlyBuiltIn(t *testing.T) {
	t.Parallel()
	a, err := Understand(map[string]string{"event-types": "pageview 60%, $pageview 10%, purchase 30%"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `"pageview" is a custom event, did you mean "$pageview"?`
	if notes := strings.Join(a.Notes(), "\n"); strings.Count(notes, "did you mean") != 1 || !strings.Contains(notes, want) {
		t.Errorf("notes:\n%s", notes)
	}
}
