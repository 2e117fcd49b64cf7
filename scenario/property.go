package scenario

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rehearse/scenario/strict"
)

// Property is one property of an event that the scenario describes.
type Property struct {
	Name  string
	Value PropertyValue
}

// PropertyValue is what a property holds: one of several texts, a number, words,
// or an object. Exactly one of the fields is set.
type PropertyValue struct {
	Choices []Choice
	Number  *NumberRange
	Words   *WordRange
	Object  []Property
}

// Choice is a value in JSON and how often it is chosen.
type Choice struct {
	JSON   string
	Weight float64
}

// NumberRange is a number from Low to High, both included, counted in units of
// the last of its Decimals.
type NumberRange struct {
	Low, High int64
	Decimals  int
}

// WordRange is a text of Low to High words.
type WordRange struct{ Low, High int }

// The bounds of events and their properties.
const (
	maxEventBytes = 1_000_000
	maxEventName  = 200 // and that of a property, in characters
	maxProperties = 500
	maxChoices    = 5000
	maxNesting    = 8
	maxNumber     = 1e12
	maxWords      = 10_000
)

// hintProperty says how a property is described.
const hintProperty = "a value, a list of values, {choices: {a: 7, b: 3}}, {number: [1, 500]}, {words: [2, 5]} or " +
	"{object: {…}}"

// readObject reads the properties of an event or of an object in it.
func readObject(v strict.Value, depth int) []Property {
	var all []Property
	if depth > maxNesting {
		v.Fail(fmt.Sprintf("nested deeper than %d", maxNesting), "")
		return nil
	}
	v.Entries(func(key strict.Value, name string, entry strict.Value) {
		if !plainName(name, maxEventName) {
			key.Fail(fmt.Sprintf("the name of a property must have 1 to %d characters", maxEventName), "")
		}
		all = append(all, Property{name, readProperty(entry, depth)})
	})
	if len(all) > maxProperties {
		v.Fail(fmt.Sprintf("more than %d properties", maxProperties), "")
	}
	return all
}

func readProperty(v strict.Value, depth int) PropertyValue {
	switch {
	case v.IsScalar():
		return PropertyValue{Choices: []Choice{{readJSON(v), 1}}}
	case v.IsList():
		return PropertyValue{Choices: readChoiceList(v)}
	}
	var p PropertyValue
	decimals := 0
	if !v.Object(strict.Fields{
		"choices":  func(v strict.Value) { p.Choices = readChoices(v) },
		"number":   func(v strict.Value) { p.Number = &NumberRange{} },
		"decimals": func(v strict.Value) { decimals = int(v.Count(0, 6)) },
		"words":    func(v strict.Value) { p.Words = readWords(v) },
		"object":   func(v strict.Value) { p.Object = readObject(v, depth+1) },
	}) {
		return p
	}
	given := 0
	for _, name := range []string{"choices", "number", "words", "object"} {
		if v.Gives(name) {
			given++
		}
	}
	switch {
	case given != 1:
		v.Fail("must be one of choices, number, words and object", hintProperty)
	case p.Number != nil:
		number, _ := v.Field("number")
		p.Number = readNumber(number, decimals)
	case v.Gives("decimals"):
		v.Fail("decimals belong to a number", hintProperty)
	}
	return p
}

// readJSON reads a scalar as JSON of its own type.
func readJSON(v strict.Value) string {
	text, ok := v.Scalar("a value", strict.Text, strict.Int, strict.Float, strict.Bool, strict.Null, strict.Time)
	switch {
	case !ok:
		return "null"
	case v.Tag() == strict.Null:
		return "null"
	case v.Tag() == strict.Bool:
		return strings.ToLower(text)
	case (v.Tag() == strict.Int || v.Tag() == strict.Float) && json.Valid([]byte(text)):
		return text
	}
	quoted, err := json.Marshal(text)
	if err != nil || len(quoted) > maxEventBytes {
		v.Fail("is no text that an event can hold", "")
	}
	return string(quoted)
}

// readChoiceList reads values of which each is as likely.
func readChoiceList(v strict.Value) []Choice {
	var all []Choice
	for _, item := range v.List() {
		all = append(all, Choice{readJSON(item), 1})
	}
	return checked(v, all)
}

// readChoices reads texts with their weights.
func readChoices(v strict.Value) []Choice {
	if v.IsList() {
		return readChoiceList(v)
	}
	var all []Choice
	v.Entries(func(key strict.Value, _ string, weight strict.Value) {
		all = append(all, Choice{readJSON(key), weight.Number(0, 1e9)})
	})
	return checked(v, all)
}

// checked reports choices that cannot be made.
func checked(v strict.Value, all []Choice) []Choice {
	switch likely := func(c Choice) bool { return c.Weight > 0 }; {
	case len(all) > maxChoices:
		v.Fail(fmt.Sprintf("more than %d choices", maxChoices), "{number: …} and {words: …} have more")
	case !slices.ContainsFunc(all, likely):
		v.Fail("there is nothing to choose", hintProperty)
	}
	return all
}

// readNumber reads [low, high], both included.
func readNumber(v strict.Value, decimals int) *NumberRange {
	items := v.List()
	if len(items) != 2 {
		v.Fail("must be [lowest, highest]", "as in [1, 500]")
		return &NumberRange{}
	}
	unit := 1.0
	for range decimals {
		unit *= 10
	}
	low, high := items[0].Number(-maxNumber, maxNumber), items[1].Number(-maxNumber, maxNumber)
	if low > high {
		v.Fail("the lowest is more than the highest", "")
	}
	for _, x := range []float64{low * unit, high * unit} {
		if math.Abs(x-math.Round(x)) > 1e-6*max(1, math.Abs(x)) {
			v.Fail(fmt.Sprintf("has more than %d decimals", decimals),
				"say how many, as in {number: [0.5, 9.5], decimals: 1}")
			break
		}
	}
	return &NumberRange{int64(math.Round(low * unit)), int64(math.Round(high * unit)), decimals}
}

// readWords reads a number of words or [fewest, most].
func readWords(v strict.Value) *WordRange {
	if v.IsScalar() {
		n := int(v.Count(0, maxWords))
		return &WordRange{n, n}
	}
	items := v.List()
	if len(items) != 2 {
		v.Fail("must be a number or [fewest, most]", "as in 3 or [2, 5]")
		return &WordRange{}
	}
	w := &WordRange{int(items[0].Count(0, maxWords)), int(items[1].Count(0, maxWords))}
	if w.Low > w.High {
		v.Fail("the fewest are more than the most", "")
	}
	return w
}

// IsEventName tells whether an event of a scenario may be called so.
func IsEventName(name string) bool { return plainName(name, maxEventName) }

// plainName tells whether a name is neither empty nor longer than it may be.
func plainName(name string, most int) bool {
	return name != "" && utf8.RuneCountInString(name) <= most && !strings.ContainsFunc(name, unicode.IsControl)
}
