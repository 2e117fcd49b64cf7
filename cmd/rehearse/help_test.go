package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// eachCommand visits the command tree.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, below := range c.Commands() {
		eachCommand(below, visit)
	}
}

// Help fits a terminal of 100 columns, but for commands that are to be copied whole.
func TestHelpFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	eachCommand(newRoot(env{stdin: strings.NewReader(""), stdout: &out, stderr: &out}), func(c *cobra.Command) {
		text := c.Long + "\n" + c.LocalFlags().FlagUsagesWrapped(100)
		for _, line := range strings.Split(text, "\n") {
			if len([]rune(line)) > 100 && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), len(line), line)
			}
		}
	})
}

// There is a manual page for each command, the same each time.
func TestManuals(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1764547200")
	dir := t.TempDir()
	if code, _, stderr := command(t, "man", "-o", dir); code != exitPass {
		t.Fatal(stderr)
	}
	page, err := os.ReadFile(filepath.Join(dir, "rehearse-permit-new.1"))
	if err != nil || !strings.Contains(string(page), `"Dec 2025" "rehearse `) || !strings.Contains(string(page), "NAME") {
		t.Errorf("%v, %.300s", err, page)
	}
}

// What a flag takes has a name in capitals, as in FILE, and a file that is written is -o.
func TestFlagsAgree(t *testing.T) {
	var out bytes.Buffer
	eachCommand(newRoot(env{stdin: strings.NewReader(""), stdout: &out, stderr: &out}), func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value, _ := pflag.UnquoteUsage(f)
			if value != strings.ToUpper(value) && value != "i/N" {
				t.Errorf("%s --%s takes %q", c.CommandPath(), f.Name, value)
			}
			if f.Name == "output" && f.Shorthand != "o" {
				t.Errorf("%s --output is not -o", c.CommandPath())
			}
		})
	})
}
