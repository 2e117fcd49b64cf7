package traffic

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The picture's layout, in pixels.
const (
	pictureWidth, pictureHeight = 760, 470
	plotLeft, plotTop           = 70, 80
	plotRight, plotBottom       = 730, 410
)

// WritePicture draws how many events each rank of the crowd has, as planned (a
// line) and as measured (dots), on logarithmic axes, with the hot ids on the
// left edge: an SVG of its own. title is put on top.
func (s *Shape) WritePicture(w io.Writer, title string) error {
	p := picture{last: 1, most: 1}
	for _, r := range s.Ranks {
		p.last = max(p.last, float64(r.Last))
		p.most = max(p.most, r.Plan, r.Measured)
	}
	n := float64(s.To - s.From)
	for _, h := range s.Hot {
		p.most = max(p.most, h.Plan*n, h.Measured*n)
	}
	p.frame(title)
	p.hot(s.Hot, n)
	p.line(s.Ranks)
	p.dots(s.Ranks)
	p.text.WriteString("</svg>\n")
	_, err := io.WriteString(w, p.text.String())
	return err
}

// picture is a plot that is being drawn.
type picture struct {
	text       strings.Builder
	last, most float64 // the largest rank and the most events
}

// x is where a rank lies.
func (p *picture) x(rank float64) float64 {
	return plotLeft + 20 + (plotRight-plotLeft-20)*math.Log(rank)/math.Log(max(p.last, 2))
}

// fewest is the least number of events that the plot shows: a bin of ranks may
// have less than one each.
const fewest = 0.01

// y is where a number of events lies.
func (p *picture) y(events float64) float64 {
	share := math.Log(max(events, fewest)/fewest) / math.Log(p.most/fewest)
	return plotBottom - (plotBottom-plotTop)*share
}

// frame draws the title, the axes and their powers of ten.
func (p *picture) frame(title string) {
	fmt.Fprintf(&p.text, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13" fill="#333">`+"\n", pictureWidth, pictureHeight)
	fmt.Fprintf(&p.text, `<rect width="%d" height="%d" fill="white"/>`+"\n", pictureWidth, pictureHeight)
	p.label(plotLeft, 28, "start", title)
	p.label(plotLeft, 46, "start", "events of each person by rank: — planned, ● measured, ▲ hot ids")
	for power := 1.0; power <= p.last; power *= 10 {
		p.rule(p.x(power), plotTop, p.x(power), plotBottom)
		p.label(p.x(power), plotBottom+20, "middle", short(power))
	}
	for n := -2.0; math.Pow(10, n) <= p.most; n++ {
		power := math.Pow(10, n)
		p.rule(plotLeft, p.y(power), plotRight, p.y(power))
		p.label(plotLeft-8, p.y(power)+4, "end", short(power))
	}
	p.label((plotLeft+plotRight)/2, plotBottom+45, "middle", "rank")
}

// short writes a power of ten.
func short(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.0fG", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0fM", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0fk", n/1e3)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// rule draws a line of the grid.
func (p *picture) rule(x1, y1, x2, y2 float64) {
	fmt.Fprintf(&p.text, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", x1, y1, x2, y2)
}

// label writes text.
func (p *picture) label(x, y float64, anchor, text string) {
	fmt.Fprintf(&p.text, `<text x="%.1f" y="%.1f" text-anchor="%s" paint-order="stroke" stroke="white" stroke-width="3">`, x, y, anchor)
	// A strings.Builder cannot fail.
	_ = xml.EscapeText(&p.text, []byte(text))
	p.text.WriteString("</text>\n")
}

// line draws the plan.
func (p *picture) line(ranks []Rank) {
	p.text.WriteString(`<polyline fill="none" stroke="#1d4ed8" stroke-width="2" points="`)
	for _, r := range ranks {
		fmt.Fprintf(&p.text, "%.1f,%.1f ", p.x(r.middle()), p.y(r.Plan))
	}
	p.text.WriteString(`"/>` + "\n")
}

// middle is the rank that stands for the bin on a logarithmic axis.
func (r Rank) middle() float64 { return math.Sqrt(float64(r.First) * float64(r.Last)) }

// dots draws what was measured.
func (p *picture) dots(ranks []Rank) {
	for _, r := range ranks {
		fmt.Fprintf(&p.text, `<circle cx="%.1f" cy="%.1f" r="3" fill="#ea580c"/>`+"\n", p.x(r.middle()), p.y(r.Measured))
	}
}

// hot draws the busiest of the hot ids, as measured among n events.
func (p *picture) hot(ids []Match, n float64) {
	const shown = 5
	for _, h := range ids[:min(len(ids), shown)] {
		y := p.y(h.Measured * n)
		fmt.Fprintf(&p.text, `<path d="M%d %.1f l5 9 h-10 z" fill="#b91c1c"/>`+"\n", plotLeft, y-5)
		p.label(plotLeft+10, y+4, "start", fmt.Sprintf("%s: %.2f %% (planned %.2f %%)", h.Name, h.Measured*100, h.Plan*100))
	}
}
