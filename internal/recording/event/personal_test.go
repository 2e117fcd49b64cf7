package event

import "testing"

// TestIsPersonal: addresses and numbers are told from names.
func TestIsPersonal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"$pageview": false, "signed up": false, "campaign 2024": false, "v1.2.3": false, "": false,
		"invited jane@example.com": true, "login from 203.0.113.9": true, "order 48213 paid": true,
	} {
		if got := IsPersonal([]byte(name)); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
