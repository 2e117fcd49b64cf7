package intake

import (
	"fmt"
	"io"
	"strings"
)

// WriteForm writes the questions as plain text, for an email. Filled in behind
// the colons, the text is a file of answers.
func WriteForm(out io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Before you send us a load, please answer these questions. Write after the colon;
# for | fields, indent the following lines by two spaces. Leave empty what you do not
# know; we will come back to it. Lines that begin with # are comments.
`)
	for i, q := range Questions() {
		fmt.Fprintf(&b, "\n# %d. %s\n", i+1, q.Text)
		for line := range strings.Lines(q.explain()) {
			b.WriteString("#    " + line)
		}
		fmt.Fprintf(&b, "\n%s\n", q.blank())
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteMarkdown writes the questions for a ticket, and below them what is to be
// filled in.
func WriteMarkdown(out io.Writer) error {
	var b, form strings.Builder
	b.WriteString("# Before you send us a load\n\nLeave empty what you do not know; we will come back to it.\n\n")
	for i, q := range Questions() {
		fmt.Fprintf(&b, "%d. **%s** (`%s`)  \n   Why: %s.  \n   Answer: %s.", i+1, q.Text, q.Key, q.Why, q.How)
		if q.Lines {
			fmt.Fprintf(&b, " For example:\n\n   ```\n   %s\n   ```\n", strings.ReplaceAll(q.Example, "\n", "\n   "))
		} else {
			fmt.Fprintf(&b, " For example: `%s`\n", q.Example)
		}
		form.WriteString(q.blank() + "\n")
	}
	fmt.Fprintf(&b, "\n```yaml\n%s```\n", form.String())
	_, err := io.WriteString(out, b.String())
	return err
}

// blank is where the answer to a question is filled in.
func (q Question) blank() string {
	if q.Lines {
		return q.Key + ": |\n  "
	}
	return q.Key + ":"
}
