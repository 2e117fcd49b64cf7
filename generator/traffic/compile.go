package traffic

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"rehearse/internal/deflate"
	"rehearse/scenario"
)

// compiler puts a shape together, member by member.
type compiler struct {
	made  properties
	parts []draftPart
	keys  *hintKeys
	start int             // of the member that is being built
	given map[string]bool // the names that the scenario gives values to; nil: none
}

// draftPart is a part whose texts may still grow.
type draftPart struct {
	valuePart
	text    string
	choices []draft
}

// draft is a constant while it is put together: its text, and where in it runs begin
// that come again and again.
type draft struct {
	text  string
	marks []deflate.Hint
}

// run returns text as one run.
func (b *compiler) run(text string) draft { return draft{text, b.keys.mark(nil, 0, text)} }

// and returns x with y behind it.
func (x draft) and(y draft) draft {
	marks := slices.Clone(x.marks)
	for _, m := range y.marks {
		marks = append(marks, deflate.Hint{At: m.At + uint32(len(x.text)), Key: m.Key})
	}
	return draft{x.text + y.text, marks}
}

// sealed returns what was put together.
func (b *compiler) sealed() properties {
	for _, d := range b.parts {
		p := d.valuePart
		p.text = newConstant(b.run(d.text))
		p.choices = newChoices(d.choices)
		b.made.parts = append(b.made.parts, p)
		b.made.most += p.size
	}
	b.made.most += stride
	return b.made
}

// givenBy are the names that the scenario gives values to.
func givenBy(all []scenario.Property) map[string]bool {
	if len(all) == 0 {
		return nil
	}
	given := map[string]bool{}
	for _, p := range all {
		given[p.Name] = true
	}
	return given
}

// free is the beginning of a text property of a name that nobody else gives a
// value to: the first of two, or else the second with a number.
func (b *compiler) free(name, other string) string {
	for n := 1; b.given[name]; n++ {
		name = other
		if n > 1 {
			name += strconv.Itoa(n)
		}
	}
	return "," + quote(name) + `:"`
}

// left returns what of a line of members the scenario does not give itself.
func (b *compiler) left(line string) string {
	if b.given == nil {
		return line
	}
	var kept []string
	for _, member := range members(line) {
		name, _, _ := strings.Cut(strings.TrimPrefix(member, `"`), `"`)
		if !b.given[name] {
			kept = append(kept, member)
		}
	}
	return strings.Join(kept, ",")
}

// members cuts a line of a template into its members.
func members(line string) (all []string) {
	depth, quoted, start := 0, false, 0
	for i := range len(line) {
		switch c := line[i]; {
		case c == '<' || !quoted && (c == '{' || c == '['):
			depth++
		case c == '>' || !quoted && (c == '}' || c == ']'):
			depth--
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == ',' && depth == 0 && !quoted:
			all = append(all, line[start:i])
			start = i + 1
		}
	}
	return append(all, line[start:])
}

// template adds members that are written as one line of text each. What stands
// between < and > is a value: choices, separated by bars; low..high; words
// low..high; session, device or uuid.
func (b *compiler) template(lines []string) {
	for _, line := range lines {
		if line = b.left(line); line == "" {
			continue
		}
		b.begin()
		for line != "" {
			text, rest, found := strings.Cut(line, "<")
			b.text(text)
			if !found {
				break
			}
			value, after, _ := strings.Cut(rest, ">")
			b.value(value)
			line = after
		}
		b.end()
	}
}

// begin starts a member.
func (b *compiler) begin() {
	b.start = len(b.parts)
	b.parts = append(b.parts, draftPart{valuePart: valuePart{member: true}, text: ","})
}

// end closes the member: it folds its parts, and notes how large it can become.
func (b *compiler) end() {
	b.fold()
	size := 0
	for i := b.start; i < len(b.parts); i++ {
		size += b.parts[i].most()
	}
	b.parts[b.start].size = size
}

// fold writes neighbouring choices of the member, and the text behind them, as
// one choice of everything that they can become, as long as that is not too much.
func (b *compiler) fold() {
	rest := b.parts[b.start+1:]
	b.parts = b.parts[:b.start+1]
	for _, p := range rest {
		last := &b.parts[len(b.parts)-1]
		switch {
		case last.op != opChoice || last.weights != nil:
		case p.op == opText:
			last.choices = product(last.choices, []draft{b.run(p.text)})
			continue
		case p.op == opChoice && p.weights == nil && len(last.choices)*len(p.choices) <= mostFolded:
			last.choices = product(last.choices, p.choices)
			continue
		}
		b.parts = append(b.parts, p)
	}
}

// mostFolded is how many choices may come of folding.
const mostFolded = 256

// product joins each of a to each of b.
func product(a, b []draft) []draft {
	all := make([]draft, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			all = append(all, x.and(y))
		}
	}
	return all
}

// fix makes all members so far such that must be there.
func (b *compiler) fix() { b.made.fixed = len(b.parts) }

// text adds constant text to the member.
func (b *compiler) text(s string) {
	last := &b.parts[len(b.parts)-1]
	if last.op == opText {
		last.text += s
		return
	}
	b.parts = append(b.parts, draftPart{text: s})
}

// set gives the text before it a value.
func (b *compiler) set(v valuePart, choices ...string) {
	var runs []draft
	for _, c := range choices {
		runs = append(runs, b.run(c))
	}
	b.setRuns(v, runs)
}

// setRuns is set with choices that were put together of runs.
func (b *compiler) setRuns(v valuePart, choices []draft) {
	b.text("")
	last := &b.parts[len(b.parts)-1]
	v.member = last.member
	last.valuePart = v
	before := b.run(last.text)
	for _, c := range choices {
		last.choices = append(last.choices, before.and(c))
	}
}

// value reads what a template holds between its brackets.
func (b *compiler) value(s string) {
	switch words, isWords := strings.CutPrefix(s, "words "); {
	case s == "session":
		b.set(valuePart{op: opSession})
	case s == "device":
		b.set(valuePart{op: opDevice})
	case s == "uuid":
		b.set(valuePart{op: opUUID})
	case isWords:
		low, span := bounds(words)
		b.set(valuePart{op: opWords, low: low, span: span})
	case strings.Contains(s, "|") || !strings.Contains(s, ".."):
		b.set(valuePart{op: opChoice}, strings.Split(s, "|")...)
	default:
		low, span := bounds(s)
		b.number(valuePart{op: opNumber, low: low, span: span})
	}
}

// number adds a number. Few different ones are written beforehand.
func (b *compiler) number(p valuePart) {
	if p.span > fewNumbers {
		b.set(p)
		return
	}
	var written []string
	for n := range int64(p.span) {
		written = append(written, string(p.appendNumber(nil, p.low+n)))
	}
	b.set(valuePart{op: opChoice}, written...)
}

// fewNumbers is how many numbers a table of them may hold.
const fewNumbers = 256

// bounds reads low..high. The templates are constants, which a test reads all.
func bounds(s string) (low int64, span uint64) {
	from, to, _ := strings.Cut(s, "..")
	low, _ = strconv.ParseInt(from, 10, 64)
	high, _ := strconv.ParseInt(to, 10, 64)
	return low, uint64(high-low) + 1
}

// most is how long the part can become.
func (p *draftPart) most() int {
	size := len(p.text)
	switch p.op {
	case opChoice:
		size = 0
		for _, c := range p.choices {
			size = max(size, len(c.text))
		}
	case opNumber, opGroup:
		size += 21
	case opWords:
		size += 8 * int(p.low+int64(p.span))
	case opSession, opDevice, opUUID:
		size += 36
	}
	return size
}

// describe adds members that the scenario describes.
func (b *compiler) describe(all []scenario.Property) {
	for _, p := range all {
		b.begin()
		b.text(quote(p.Name) + ":")
		b.property(p.Value)
		b.end()
	}
}

// property adds one described value.
func (b *compiler) property(v scenario.PropertyValue) {
	switch {
	case v.Number != nil:
		n := v.Number
		b.number(valuePart{op: opNumber, low: n.Low, span: uint64(n.High-n.Low) + 1, places: uint8(n.Decimals)})
	case v.Words != nil:
		b.text(`"`)
		b.set(valuePart{op: opWords, low: int64(v.Words.Low), span: uint64(v.Words.High-v.Words.Low) + 1})
		b.text(`"`)
	case v.Choices != nil:
		b.choices(v.Choices)
	default:
		b.text("{")
		for i, p := range v.Object {
			if i > 0 {
				b.text(",")
			}
			b.text(quote(p.Name) + ":")
			b.property(p.Value)
		}
		b.text("}")
	}
}

// choices adds one of several texts; if there is but one, it is constant.
func (b *compiler) choices(all []scenario.Choice) {
	if len(all) == 1 {
		b.text(all[0].JSON)
		return
	}
	var texts []string
	var weights []float64
	even := true
	for _, c := range all {
		texts, weights = append(texts, c.JSON), append(weights, c.Weight)
		even = even && c.Weight == all[0].Weight
	}
	p := valuePart{op: opChoice}
	if !even {
		p.weights = newWeightedSampler(weights)
	}
	b.set(p, texts...)
}

// quote writes text as JSON. Texts of a scenario are valid UTF-8.
func quote(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
