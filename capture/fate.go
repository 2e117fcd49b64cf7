package capture

import (
	"encoding/json"
	"fmt"
)

// fateNames are the fates in words, by Fate.
var fateNames = [...]string{FateUnsent: "unsent", FateAccepted: "accepted", FateRejected: "rejected", FateAmbiguous: "ambiguous", FateMayBeStored: "rejected_may_be_stored"}

// String is the fate in a word.
func (f Fate) String() string {
	if int(f) >= len(fateNames) {
		return fmt.Sprintf("fate %d", uint8(f))
	}
	return fateNames[f]
}

// ParseFate reads the word that String writes.
func ParseFate(text string) (Fate, error) {
	for f, name := range fateNames {
		if text == name {
			return Fate(f), nil
		}
	}
	return 0, fmt.Errorf("%q is no fate of an event", text)
}

// MarshalText writes the fate in a word.
func (f Fate) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalJSON reads a fate in a word, or the number that earlier versions wrote.
func (f *Fate) UnmarshalJSON(text []byte) error {
	var number uint8
	if err := json.Unmarshal(text, &number); err == nil {
		*f = Fate(number)
		if int(number) >= len(fateNames) {
			return fmt.Errorf("%d is no fate of an event", number)
		}
		return nil
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	fate, err := ParseFate(word)
	*f = fate
	return err
}
