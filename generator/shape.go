package generator

import (
	"strconv"

	"rehearse/scenario"
)

// shape is the properties of one kind of event, compiled into parts that are
// appended one after the other: constant text, or a value drawn from a stream.
type shape []part

// part is one piece of a shape.
type part struct {
	text    string   // constant
	choices []string // or one of these
	low     int64    // or a number from low
	span    uint64   // to low+span-1
}

// append appends the members of a JSON object, without its braces.
func (sh shape) append(dst []byte, s *scenario.Stream) []byte {
	for i := range sh {
		p := &sh[i]
		switch {
		case p.choices != nil:
			dst = append(dst, p.choices[s.Below(uint64(len(p.choices)))]...)
		case p.span != 0:
			dst = strconv.AppendInt(dst, p.low+int64(s.Below(p.span)), 10)
		default:
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// shapeOf returns the built-in shape for events of this name: what the web
// library sends with a page view, or what a server sends with everything else.
func shapeOf(name string) shape {
	switch name {
	case identify:
		return append(append(shape{}, server...), profile...)
	case setProperties:
		return append(append(shape{}, server...), profile[:len(profile)-1]...)
	case createAlias, mergeDangerously:
		return server
	case groupIdentify:
		return append(append(shape{}, server...), group...)
	case "$pageview", "$pageleave", "$autocapture":
		return web
	}
	return append(append(shape{}, server...), commerce...)
}

// The built-in shapes. The first value of a list is no likelier than the last.
var (
	web = shape{
		{text: `"$lib":"web","$lib_version":"1.418.10","$os":`},
		{choices: []string{`"Mac OS X"`, `"Windows"`, `"Windows"`, `"Linux"`, `"iOS"`, `"Android"`}},
		{text: `,"$browser":`},
		{choices: []string{`"Chrome"`, `"Chrome"`, `"Chrome"`, `"Safari"`, `"Firefox"`, `"Microsoft Edge"`}},
		{text: `,"$screen_width":`},
		{choices: []string{"1920", "1536", "1440", "390", "412"}},
		{text: `,"$current_url":"https://shop.example/`},
		{choices: []string{"", "products/", "products/", "cart/", "checkout/", "account/", "blog/"}},
		{low: 1, span: 5000},
		{text: `","$referring_domain":`},
		{choices: []string{`"$direct"`, `"$direct"`, `"search.example"`, `"news.example"`}},
	}
	server = shape{
		{text: `"$lib":"posthog-go","$lib_version":"1.23.1","$geoip_disable":true`},
	}
	commerce = shape{
		{text: `,"amount":`}, {low: 1, span: 500},
		{text: `.`}, {low: 10, span: 90},
		{text: `,"currency":`}, {choices: []string{`"EUR"`, `"USD"`, `"USD"`, `"GBP"`}},
		{text: `,"sku":"SKU-`}, {low: 10000, span: 90000},
		{text: `","quantity":`}, {low: 1, span: 5},
		{text: `,"first_purchase":`}, {choices: []string{"true", "false", "false", "false"}},
	}
	profile = shape{
		{text: `,"$set":{"plan":`}, {choices: []string{`"free"`, `"free"`, `"team"`, `"scale"`}},
		{text: `,"seats":`}, {low: 1, span: 200},
		{text: `}`},
		{text: `,"$set_once":{"first_seen":"import"}`},
	}
	group = shape{
		{text: `,"$group_type":"company","$group_key":"company-`}, {low: 1, span: 20000},
		{text: `","$group_set":{"plan":`}, {choices: []string{`"team"`, `"scale"`, `"enterprise"`}},
		{text: `,"employees":`}, {low: 1, span: 10000},
		{text: `}`},
	}
)
