package plot

import (
	"bytes"
	"fmt"
	"html"
	"io"
)

// Picture is a drawing in a file of its own. It has colours for light paper, which
// every renderer shows, and for dark paper where a viewer prefers that.
type Picture struct {
	body          bytes.Buffer
	width, height float64
}

// New returns an empty picture of a size in pixels.
func New(width, height float64) *Picture { return &Picture{width: width, height: height} }

// WriteTo writes the picture as SVG.
func (p *Picture) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img"`,
		Place(p.width), Place(p.height))
	fmt.Fprintf(&b, ` font-family="system-ui, sans-serif" font-size="13">`+"\n%s", style())
	fmt.Fprintf(&b, `<rect width="%s" height="%s" %s/>`+"\n", Place(p.width), Place(p.height), Paper.fill())
	b.Write(p.body.Bytes())
	b.WriteString("</svg>\n")
	return b.WriteTo(w)
}

// Anchor says which end of a text stands at its place.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Sizes of text, in pixels.
const (
	Small   = 12
	Heading = 15
	Title   = 19
)

// Text writes text whose base line stands at y. Around it the paper shows, where the
// renderer can do that.
func (p *Picture) Text(x, y float64, anchor Anchor, size int, ink Ink, text string) {
	fmt.Fprintf(&p.body, `<text x="%s" y="%s" text-anchor="%s" font-size="%d" %s>%s</text>`+"\n",
		Place(x), Place(y), anchor, size, ink.fill(), html.EscapeString(text))
}

// Rule draws a straight line; dashes are as in stroke-dasharray, empty for none.
func (p *Picture) Rule(x1, y1, x2, y2 float64, ink Ink, dashes string) {
	p.Path(fmt.Sprintf("M%s %sL%s %s", Place(x1), Place(y1), Place(x2), Place(y2)), 1.2, ink, dashes)
}

// Path draws path data as a line of a width in pixels.
func (p *Picture) Path(data string, width float64, ink Ink, dashes string) {
	if data == "" {
		return
	}
	fmt.Fprintf(&p.body, `<path d="%s" %s stroke-width="%s" stroke-linejoin="round"`, data, ink.stroke(), Place(width))
	if dashes != "" {
		fmt.Fprintf(&p.body, ` stroke-dasharray="%s"`, dashes)
	}
	p.body.WriteString("/>\n")
}

// Fill fills what path data encloses.
func (p *Picture) Fill(data string, ink Ink) {
	if data != "" {
		fmt.Fprintf(&p.body, `<path d="%s" %s/>`+"\n", data, ink.fill())
	}
}

// Dot draws a point.
func (p *Picture) Dot(x, y float64, ink Ink) {
	fmt.Fprintf(&p.body, `<circle cx="%s" cy="%s" r="2.5" %s/>`+"\n", Place(x), Place(y), ink.fill())
}
