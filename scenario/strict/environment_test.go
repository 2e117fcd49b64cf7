package strict

import "testing"

func TestExpand(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"SET": "value", "EMPTY": ""}
	lookup := func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
	for _, c := range []struct{ text, want string }{
		{"${SET}", "value"},
		{"${SET:-other}", "value"},
		{"${UNSET:-other}", "other"},
		{"${EMPTY:-other}", "other"},
		{"${EMPTY}", ""},
		{"${UNSET:-}", ""},
		{"a ${SET} b ${SET}", "a value b value"},
		{"$pageview costs $$5", "$pageview costs $$5"},
		{"$SET", "$SET"},
		{"$${SET}", "$value"},
	} {
		if got, err := expand(c.text, lookup); err != nil || got != c.want {
			t.Errorf("expand(%q) = %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"${UNSET}", "${", "${}", "${1A}", "${A B}", "${SET", "${A-b}"} {
		if got, err := expand(text, lookup); err == nil {
			t.Errorf("expand(%q) = %q, want an error", text, got)
		}
	}
}
