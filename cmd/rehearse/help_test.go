package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
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
