package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// TestDocs runs the commands of the documentation: what stands in blocks of sh, page
// by page, in the order in which a reader would type it.
func TestDocs(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("what happens at the same time here does in scripts as well")
	}
	scenarios, err := filepath.Abs("../../scenarios")
	if err != nil {
		t.Fatal(err)
	}
	dir, key := t.TempDir(), signingKey(t)
	for _, page := range []string{"install", "tutorial", "how-to", "run-directory", "capacity", "import"} {
		text, err := os.ReadFile(filepath.Join("../../docs", page+".md"))
		if err != nil {
			t.Fatal(err)
		}
		script := scriptOf(t, string(text))
		if err := os.WriteFile(filepath.Join(dir, page+".txtar"), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			e.Setenv("TOMORROW", time.Now().Add(24*time.Hour).Format(time.RFC3339))
			if err := os.WriteFile(filepath.Join(e.WorkDir, "key"), key, 0o600); err != nil {
				return err
			}
			return os.Symlink(scenarios, filepath.Join(e.WorkDir, "scenarios"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// signingKey is that of whoever signs permits, as ssh-keygen makes them.
func signingKey(t *testing.T) []byte {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// docBlock is a block of commands, docCommand one of them: what is typed, where its
// output goes, and its exit code.
const (
	docBlock   = "(?ms)^```sh\n(.*?)^```"
	docCommand = `^(rehearse [^>#]*?)(?: > (\S+))?\s*(?:# exit (\d+))?$`
)

// scriptOf makes a script of a page's commands.
func scriptOf(t *testing.T, page string) string {
	t.Helper()
	var script strings.Builder
	for _, block := range regexp.MustCompile(docBlock).FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(block[1]) {
			parts := regexp.MustCompile(docCommand).FindStringSubmatch(strings.TrimSpace(line))
			if parts == nil {
				t.Fatalf("cannot run %q: want rehearse and its arguments, > file and # exit code", line)
			}
			fmt.Fprintf(&script, "exits %s %s\n", firstOf(parts[3], "0"), parts[1])
			if parts[2] != "" {
				fmt.Fprintf(&script, "cp stdout %s\n", parts[2])
			}
		}
	}
	if script.Len() == 0 {
		t.Fatal("the page has no commands")
	}
	return script.String()
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// The reference of the scenario file is what the schema says.
func TestScenarioReference(t *testing.T) {
	page, err := os.ReadFile("../../docs/scenario.md")
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t, "schema", "--markdown")
	if code != exitPass || stdout != string(page) {
		t.Errorf("exit %d, %s: docs/scenario.md is not what is printed: "+
			"go run ./cmd/rehearse schema --markdown > docs/scenario.md", code, stderr)
	}
}
