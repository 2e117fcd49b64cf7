package schedstat

import (
	"testing"
	"time"
)

func TestRunDelay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"2025731 152402 17\n": 152402, "1 2": 0, "": 0, "a b c": 0} {
		if got := RunDelay([]byte(text)); got != want {
			t.Errorf("run delay of %q: %v, want %v", text, got, want)
		}
	}
}
