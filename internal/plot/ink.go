package plot

import (
	"fmt"
	"strings"
)

// Ink is a colour by what it stands for.
type Ink int

// The inks.
const (
	Paper Ink = iota
	Text
	Faint  // text beside axes
	Grid   // lines of the grid
	Data   // what the picture is about
	Pale   // the same, as an area behind it
	Second // another series
	Limit  // what must not be exceeded
	Alarm  // where it is
)

// colours are those of an ink by day and by night.
func (i Ink) colours() (day, night string) {
	switch i {
	case Paper:
		return "#ffffff", "#14181d"
	case Text:
		return "#1f2933", "#e6eaee"
	case Faint:
		return "#66727f", "#98a3af"
	case Grid:
		return "#e3e7eb", "#2b333c"
	case Second:
		return "#b45309", "#f5b04f"
	case Limit:
		return "#c2410c", "#fb923c"
	case Alarm:
		return "#b91c1c", "#f87171"
	}
	return "#2563a8", "#6fb1f5"
}

// fill and stroke are the attributes of a shape: a colour for renderers that know no
// more, and a class by which the style of the night replaces it.
func (i Ink) fill() string {
	day, _ := i.colours()
	attributes := fmt.Sprintf(`class="f%d" fill="%s"`, i, day)
	if i == Pale {
		attributes += ` fill-opacity="0.25"`
	}
	return attributes
}

func (i Ink) stroke() string {
	day, _ := i.colours()
	return fmt.Sprintf(`class="s%d" fill="none" stroke="%s"`, i, day)
}

// style is what attributes cannot say: the colours for dark paper, to which attributes
// give way, and the paper around texts. A renderer that knows neither leaves both out.
func style() string {
	var b strings.Builder
	b.WriteString("<style>@media (prefers-color-scheme: dark) {\n")
	for i := Paper; i <= Alarm; i++ {
		_, colour := i.colours()
		fmt.Fprintf(&b, ".f%d { fill: %s } .s%[1]d { stroke: %[2]s }\n", i, colour)
	}
	day, night := Paper.colours()
	fmt.Fprintf(&b, "}\n@supports (paint-order: stroke) { text { paint-order: stroke; stroke: %s; stroke-width: 3px "+
		"} }\n", day)
	fmt.Fprintf(&b, "@media (prefers-color-scheme: dark) { text { stroke: %s } }\n</style>\n", night)
	return b.String()
}
