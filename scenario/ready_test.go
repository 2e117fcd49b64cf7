package scenario

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestReadyScenarios: every scenario that comes with the project opens with the
// question that it answers, is taken by the loader and by the schema, and is
// named like its file.
func TestReadyScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../scenarios/*.yaml")
	if err != nil || len(files) < 9 {
		t.Fatalf("found %d scenarios (%v), want 9 at least", len(files), err)
	}
	schema := compiled(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("\n# The question: ")) {
			t.Errorf("%s opens with no question", file)
		}
		if err := validate(t, schema, string(text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		s, err := Load(file)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if s.Name+".yaml" != filepath.Base(file) {
			t.Errorf("%s is named %s", file, s.Name)
		}
	}
}
