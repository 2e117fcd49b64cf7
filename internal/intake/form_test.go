package intake

import (
	"maps"
	"strings"
	"testing"

	"rehearse/scenario"
)

// read reads a form as it came back from an email.
func read(t *testing.T, text string) map[string]string {
	t.Helper()
	form, err := ReadForm("answers.yaml", []byte(text), Keys())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return form.Texts()
}

// filled puts answers into a form.
func filled(form string, all map[string]string) string {
	for _, q := range Questions() {
		answer := strings.ReplaceAll(all[q.Key], "\n", "\n  ")
		blank := "\n" + q.blank()
		if !q.Lines {
			answer = " " + answer
		}
		form = strings.Replace(form, blank, blank+answer, 1)
	}
	return form
}

func TestFormComesBackAsItIs(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := WriteForm(&b, Customer); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b.String()); len(got) != 0 {
		t.Errorf("an empty form answers %v", got)
	}
	if got := read(t, filled(b.String(), examples())); !maps.Equal(got, examples()) {
		t.Errorf("a form filled in says %q", got)
	}
	for i, line := range strings.Split(b.String(), "\n") {
		if len([]rune(line)) > 200 {
			t.Errorf("line %d has %d characters", i+1, len([]rune(line)))
		}
	}
}

// TestMarkdownHoldsTheForm: what is fenced is read like the plain form.
func TestMarkdownHoldsTheForm(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := WriteMarkdown(&b, Customer); err != nil {
		t.Fatal(err)
	}
	_, form, _ := strings.Cut(b.String(), "```yaml\n")
	form, _, fenced := strings.Cut(form, "```\n")
	if got := read(t, filled("\n"+form, examples())); !fenced || !maps.Equal(got, examples()) {
		t.Errorf("a form filled in says %q", got)
	}
	for _, q := range Questions() {
		if !strings.Contains(b.String(), "**"+q.Text+"**") {
			t.Errorf("%q is not asked", q.Text)
		}
	}
}

// TestQuestionsAreComplete: each can be answered as its example does, and none is
// missing that the intake of a scenario knows.
func TestQuestionsAreComplete(t *testing.T) {
	t.Parallel()
	keys := Keys()
	if want := scenario.Questions(); len(keys) != len(want)+2 {
		t.Fatalf("%d questions, want %d", len(keys), len(want)+2)
	}
	for i, q := range scenario.Questions() {
		if keys[i+2] != string(q) {
			t.Errorf("question %d is %s, want %s", i+2, keys[i+2], q)
		}
	}
	for _, q := range Questions() {
		var a Answers
		if err := q.read(&a, q.Example); err != nil || q.says(&a) == "" || q.says(&Answers{}) != "" {
			t.Errorf("%s: %v, says %q and, unanswered, %q", q.Key, err, q.says(&a), q.says(&Answers{}))
		}
		if q.Text == "" || q.Why == "" || q.How == "" || strings.Contains(q.Text+q.Why+q.How+q.Assumed, "\n") {
			t.Errorf("%+v is not told in one line each", q)
		}
	}
}

// FuzzAnswers: whatever is answered, there are mistakes or a scenario that loads.
func FuzzAnswers(f *testing.F) {
	for _, q := range Questions() {
		f.Add(q.Key, q.Example)
	}
	keys := Keys()
	f.Fuzz(func(t *testing.T, key, text string) {
		all := examples()
		all[keys[len(key)%len(keys)]] = text
		if _, err := Understand(all); err != nil {
			return
		}
		_, scene := written(t, all)
		if _, err := scenario.Parse("acme.yaml", scene, scenario.Options{}); err != nil {
			t.Errorf("%v\n%s", err, scene)
		}
	})
}
