package capture

import (
	"encoding/json"
	"testing"
)

// A fate is written as a word and read as that or as the number of earlier versions.
func TestFateInJSON(t *testing.T) {
	t.Parallel()
	for f, word := range map[Fate]string{FateUnsent: "unsent", FateAccepted: "accepted", FateRejected: "rejected", FateAmbiguous: "ambiguous", FateMayBeStored: "rejected_may_be_stored"} {
		text, err := json.Marshal(f)
		if err != nil || string(text) != `"`+word+`"` {
			t.Errorf("%s, error %v, want %q", text, err, word)
		}
		for _, text := range []string{string(text), string(rune('0' + f))} {
			var got Fate
			if err := json.Unmarshal([]byte(text), &got); err != nil || got != f {
				t.Errorf("%s read as %v, error %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"5", `"lost"`, "{}", "-1"} {
		var got Fate
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s read as %v", text, got)
		}
	}
}
