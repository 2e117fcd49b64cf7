package scenario

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
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

// The bounds of described properties.
const (
	maxProperties = 500
	maxChoices    = 5000
	maxNesting    = 8
	maxNumber     = 1e12
	maxWords      = 10_000
)

// hintProperty says how a property is described.
const hintProperty = "a value, a list of values, {choices: {a: 7, b: 3}}, {number: [1, 500]}, {words: [2, 5]} or {object: {…}}"

// readObject reads the properties of an event or of an object in it.
func readObject(v value, depth int) []Property {
	var all []Property
	if depth > maxNesting {
		v.fail(fmt.Sprintf("nested deeper than %d", maxNesting), "")
		return nil
	}
	v.entries(func(key value, name string, entry value) {
		if !plainName(name, maxEventName) {
			key.fail(fmt.Sprintf("the name of a property must have 1 to %d characters", maxEventName), "")
		}
		all = append(all, Property{name, readProperty(entry, depth)})
	})
	if len(all) > maxProperties {
		v.fail(fmt.Sprintf("more than %d properties", maxProperties), "")
	}
	return all
}

func readProperty(v value, depth int) PropertyValue {
	switch v.node.Kind {
	case yaml.ScalarNode:
		return PropertyValue{Choices: []Choice{{v.json(), 1}}}
	case yaml.SequenceNode:
		return PropertyValue{Choices: readChoiceList(v)}
	}
	var p PropertyValue
	decimals := 0
	if !v.object(fields{
		"choices":  func(v value) { p.Choices = readChoices(v) },
		"number":   func(v value) { p.Number = &NumberRange{} },
		"decimals": func(v value) { decimals = int(v.count(0, 6)) },
		"words":    func(v value) { p.Words = readWords(v) },
		"object":   func(v value) { p.Object = readObject(v, depth+1) },
	}) {
		return p
	}
	given := 0
	for _, name := range []string{"choices", "number", "words", "object"} {
		if v.gives(name) {
			given++
		}
	}
	switch {
	case given != 1:
		v.fail("must be one of choices, number, words and object", hintProperty)
	case p.Number != nil:
		p.Number = readNumber(v.d.given[v.path+".number"].value, decimals)
	case v.gives("decimals"):
		v.fail("decimals belong to a number", hintProperty)
	}
	return p
}

// json reads a scalar as JSON of its own type.
func (v value) json() string {
	text, ok := v.scalar("a value", tagText, tagInt, tagFloat, tagBool, tagNull, tagTime)
	switch {
	case !ok:
		return "null"
	case v.node.Tag == tagNull:
		return "null"
	case v.node.Tag == tagBool:
		return strings.ToLower(text)
	case (v.node.Tag == tagInt || v.node.Tag == tagFloat) && json.Valid([]byte(text)):
		return text
	}
	quoted, err := json.Marshal(text)
	if err != nil || len(quoted) > maxEventBytes {
		v.fail("is no text that an event can hold", "")
	}
	return string(quoted)
}

// readChoiceList reads values of which each is as likely.
func readChoiceList(v value) []Choice {
	var all []Choice
	for _, item := range v.list() {
		all = append(all, Choice{item.json(), 1})
	}
	return v.checked(all)
}

// readChoices reads texts with their weights.
func readChoices(v value) []Choice {
	if v.node.Kind == yaml.SequenceNode {
		return readChoiceList(v)
	}
	var all []Choice
	v.entries(func(key value, _ string, weight value) {
		all = append(all, Choice{key.json(), weight.number(0, 1e9)})
	})
	return v.checked(all)
}

// checked reports choices that cannot be made.
func (v value) checked(all []Choice) []Choice {
	switch likely := func(c Choice) bool { return c.Weight > 0 }; {
	case len(all) > maxChoices:
		v.fail(fmt.Sprintf("more than %d choices", maxChoices), "{number: …} and {words: …} have more")
	case !slices.ContainsFunc(all, likely):
		v.fail("there is nothing to choose", hintProperty)
	}
	return all
}

// readNumber reads [low, high], both included.
func readNumber(v value, decimals int) *NumberRange {
	items := v.list()
	if len(items) != 2 {
		v.fail("must be [lowest, highest]", "as in [1, 500]")
		return &NumberRange{}
	}
	unit := 1.0
	for range decimals {
		unit *= 10
	}
	low, high := items[0].number(-maxNumber, maxNumber), items[1].number(-maxNumber, maxNumber)
	if low > high {
		v.fail("the lowest is more than the highest", "")
	}
	for _, x := range []float64{low * unit, high * unit} {
		if math.Abs(x-math.Round(x)) > 1e-6*max(1, math.Abs(x)) {
			v.fail(fmt.Sprintf("has more than %d decimals", decimals), "say how many, as in {number: [0.5, 9.5], decimals: 1}")
			break
		}
	}
	return &NumberRange{int64(math.Round(low * unit)), int64(math.Round(high * unit)), decimals}
}

// readWords reads a number of words or [fewest, most].
func readWords(v value) *WordRange {
	if v.node.Kind == yaml.ScalarNode {
		n := int(v.count(0, maxWords))
		return &WordRange{n, n}
	}
	items := v.list()
	if len(items) != 2 {
		v.fail("must be a number or [fewest, most]", "as in 3 or [2, 5]")
		return &WordRange{}
	}
	w := &WordRange{int(items[0].count(0, maxWords)), int(items[1].count(0, maxWords))}
	if w.Low > w.High {
		v.fail("the fewest are more than the most", "")
	}
	return w
}
