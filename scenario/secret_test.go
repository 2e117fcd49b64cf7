package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"rehearse/scenario/strict"
)

func TestSecretPrintsNothing(t *testing.T) {
	t.Parallel()
	const value = "phc_never_told"
	s := strict.NewSecret(value)
	if s.Reveal() != value {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
	inJSON, _ := json.Marshal(map[string]any{"token": s})
	inYAML, _ := yaml.Dump(map[string]any{"token": s})
	texts := []string{string(inJSON), string(inYAML), s.String(), s.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, Target{Token: s}))
	}
	for _, text := range texts {
		if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) ||
			!strings.Contains(text, "[redacted]") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	lookup := environment(map[string]string{"TOKEN": "phc_from_outside"})
	const file = "# about phc_never_told\nname: a # why\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"
	const kept = "# about [redacted]\nname: a # why\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"
	for _, c := range []struct{ text, want string }{
		{"target:\n  token: phc_never_told # mine\n", "target:\n  token: \"[redacted]\" # mine\n"},
		{"target:\n  token:   \"phc_never_told\"\n", "target:\n  token:   \"[redacted]\"\n"},
		{"target:\n  token: 'phc_never_told'\r\n", "target:\n  token: '[redacted]'\r\n"},
		{"target: {token: phc_never_told, timeout: 1s}\n", "target: {token: \"[redacted]\", timeout: 1s}\n"},
		{"target:\n  token: ${NONE:-phc_never_told}\n", "target:\n  token: ${NONE:-[redacted]}\n"},
		{"target:\n  token: phc_never${NONE:-_told}\n", "target:\n  token: \"[redacted]${NONE:-[redacted]}\"\n"},
		{"target:\n  token: !!str phc_never_told\n", "target:\n  token: !!str \"[redacted]\"\n"},
		{"customer: &c phc_never_told\ntarget:\n  token: *c\n", "customer: &c \"[redacted]\"\ntarget:\n  token: *c\n"},
	} {
		s, err := Parse("a.yaml", []byte(file+c.text), Options{LookupEnv: lookup})
		if err != nil {
			t.Fatalf("%v\n%s", err, c.text)
		}
		if got := s.Target.Token.Reveal(); got != "phc_never_told" {
			t.Errorf("token is %q", got)
		}
		if got := string(s.Redacted()); got != kept+c.want {
			t.Errorf("Redacted() =\n%swant\n%s", got, kept+c.want)
		}
		if _, err := Parse("a.yaml", s.Redacted(), Options{LookupEnv: lookup}); err != nil {
			t.Errorf("the copy cannot be read: %v\n%s", err, s.Redacted())
		}
	}
	s, err := Parse("a.yaml", []byte(file+"target:\n  token: ${TOKEN} # phc_from_outside\n"),
		Options{LookupEnv: lookup})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(s.Redacted()), strings.Replace(kept, "[redacted]", "phc_never_told", 1)+
		"target:\n  token: ${TOKEN} # [redacted]\n"; got != want {
		t.Errorf("Redacted() =\n%swant\n%s", got, want)
	}
}

// TestRedactedWithOverrides checks that an override of the token does not uncover
// the one in the file, and that other overrides are noted.
func TestRedactedWithOverrides(t *testing.T) {
	t.Parallel()
	s := parse(t, minimal+"target: {token: phc_in_the_file}\n",
		"target.token=phc_from_the_flag", "traffic.seed=7", "customer=phc_from_the_flag")
	text := string(s.Redacted())
	if strings.Contains(text, "phc_") {
		t.Errorf("a token shows:\n%s", text)
	}
	for _, note := range []string{"\n# --set traffic.seed=7", "\n# --set customer=[redacted]"} {
		if !strings.Contains(text, note) {
			t.Errorf("%q is missing in\n%s", note, text)
		}
	}
}

func TestTokenThatCannotBeFound(t *testing.T) {
	t.Parallel()
	for _, token := range []string{`"phc\x5fnever_told"`, "|-\n    phc_never_told", `"phc_\
    never_told"`} {
		_, err := Parse("a.yaml", []byte(minimal+"target:\n  token: "+token+"\n"), Options{})
		if err == nil || !strings.Contains(err.Error(), "cannot be left out") {
			t.Errorf("%s: %v", token, err)
		}
	}
}

func TestErrorsNeverTellTheToken(t *testing.T) {
	t.Parallel()
	const token = "phc_never_told"
	for _, text := range []string{
		"target: {token: '" + token + " with blanks'}",
		"target: {token: " + token + "}\nload: {profile: '" + token + "'}",
		"target: {token: [" + token + "]}",
		"target: {token: " + token + "}\n" + token + ": 1",
		"target: {token: *" + token + "}",
		"target: {token: " + token + ", url: 'http://" + token + "@host'}",
		"target: {token: " + token,
	} {
		for _, set := range [][]string{nil, {"target.token=" + token}, {token}} {
			_, err := Parse("a.yaml", []byte(text), Options{Set: set})
			if err == nil || strings.Contains(err.Error(), "never_told") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestSHA256(t *testing.T) {
	t.Parallel()
	sum := func(text string, set ...string) string { return parse(t, text, set...).SHA256() }
	base := sum(minimal + "target:\n  token: phc_one # phc_one\n")
	for _, same := range []string{
		"target:\n  token: phc_two # phc_two\n",
		"target:\n  token: \"phc_three\" # phc_three\n",
		"target:\n  token: ${NONE:-phc_four} # phc_four\n",
	} {
		if got := sum(minimal + same); got != base {
			t.Errorf("%q has another fingerprint", same)
		}
	}
	unix := minimal + "target:\n  token: phc_one # phc_one\n"
	if got := sum(strings.ReplaceAll(unix, "\n", "\r\n")); got != base {
		t.Error("line ends change the fingerprint")
	}
	if got := sum(unix, "target.token=phc_other"); got != base {
		t.Error("an override of the token changes the fingerprint")
	}
	if got := sum(unix, "traffic.seed=7"); got == base {
		t.Error("an override does not change the fingerprint")
	}
	if got := sum(strings.Replace(unix, "10", "11", 1)); got == base {
		t.Error("another load has the same fingerprint")
	}
	if len(base) != 64 {
		t.Errorf("the fingerprint has %d digits, want 64", len(base))
	}
}
