package traffic

import (
	"regexp"
	"slices"
	"strings"

	"rehearse/scenario"
)

// propertiesOf returns the properties of an event: what its name demands, what the
// scenario or else the built-in shape of its name gives it, its groups, and what
// its client library sends with everything. What the scenario gives stands instead
// of a built-in property of the same name.
func propertiesOf(e scenario.EventShare, groups []scenario.Group, client scenario.Client, keys *hintKeys) properties {
	b := compiler{given: givenBy(e.Properties), keys: keys}
	b.made.personless = !b.given["$process_person_profile"]
	b.made.filler = b.free("note", "filler")
	b.made.excess = b.free("attachment", "excess")
	b.template(demanded(e.Name))
	if e.Name == scenario.EventGroupIdentify {
		b.groupKey(groups)
	}
	b.fix()
	if e.Properties != nil {
		b.describe(e.Properties)
	} else {
		b.template(own(e))
	}
	b.groups(groups)
	switch e.From {
	case scenario.FromServer:
		b.template(sentBy(client, server))
	case scenario.FromMobile:
		b.template(sentBy(client, mobile))
	default:
		b.template(sentBy(client, browser))
		if e.Name == "$autocapture" {
			b.elements()
		}
	}
	return b.sealed()
}

// sentBy is a built-in shape as the client of a server has it, which says of every
// event that it comes from itself.
func sentBy(client scenario.Client, lines []string) []string {
	name, version, ok := client.Library()
	if !ok {
		return lines
	}
	said := `"$$lib":` + quote(name) + `,"$$lib_version":` + quote(version)
	own := make([]string, len(lines))
	for i, line := range lines {
		own[i] = libraryOf.ReplaceAllString(line, said)
	}
	return slices.DeleteFunc(own, func(line string) bool { return strings.HasPrefix(line, `"$lib_version":`) })
}

// libraryOf finds what a shape says of the library that sends it.
var libraryOf = regexp.MustCompile(`"\$lib":"[^"]*"(,"\$lib_version":"[^"]*")?`)

// demanded are the properties without which an event of this name does nothing.
// A merge names the id that it joins besides (see Model.appendLink).
func demanded(name string) []string {
	switch name {
	case scenario.EventIdentify, scenario.EventSet:
		return profile
	case scenario.EventGroupIdentify:
		return group
	}
	return nil
}

// groupKey adds which group a $groupidentify describes: the person's own, where
// the scenario has groups.
func (b *compiler) groupKey(all []scenario.Group) {
	g := scenario.Group{Type: "company", Count: 20_000}
	if len(all) > 0 {
		g = all[0]
	}
	if b.given["$group_type"] || b.given["$group_key"] {
		b.groupKeyApart(g)
		return
	}
	b.begin()
	b.text(`"$group_type":` + quote(g.Type) + `,"$group_key":"` + groupName(g))
	b.set(valuePart{op: opGroup, span: uint64(g.Count)})
	b.text(`"`)
	b.end()
}

// groupKeyApart adds what of type and key the scenario does not give itself.
func (b *compiler) groupKeyApart(g scenario.Group) {
	if !b.given["$group_type"] {
		b.begin()
		b.text(`"$group_type":` + quote(g.Type))
		b.end()
	}
	if !b.given["$group_key"] {
		b.begin()
		b.text(`"$group_key":"` + groupName(g))
		b.set(valuePart{op: opGroup, span: uint64(g.Count)})
		b.text(`"`)
		b.end()
	}
}

// groups adds the groups of the person.
func (b *compiler) groups(all []scenario.Group) {
	if len(all) == 0 || b.given["$groups"] {
		return
	}
	b.begin()
	b.text(`"$groups":{`)
	for i, g := range all {
		if i > 0 {
			b.text(",")
		}
		b.text(quote(g.Type) + `:"` + groupName(g))
		b.set(valuePart{op: opGroup, span: uint64(g.Count)})
		b.text(`"`)
	}
	b.text("}")
	b.end()
}

// groupName is the beginning of the key of every group of a type.
func groupName(g scenario.Group) string { return strings.Trim(quote(g.Type), `"`) + "-" }

// own is the built-in shape of an event's name.
func own(e scenario.EventShare) []string {
	switch e.Name {
	case scenario.EventIdentify, scenario.EventSet, scenario.EventGroupIdentify,
		scenario.EventCreateAlias, scenario.EventMergeDangerously:
		return nil
	case "$pageview", "$pageleave":
		return page
	case "$autocapture":
		return click
	case "$feature_flag_called":
		return flagCalled
	case "$screen":
		return screen
	case "Application Opened", "Application Installed", "Application Updated", "Application Backgrounded":
		return lifecycle
	}
	return commerce
}

// The built-in shapes, one member a line. The values are made up; which members
// there are, how many values each has and how large they are follows requests of
// posthog-js 1.78 and posthog-node 3.1 as recorded by their makers (see
// TestBuiltInSizes). The first value of a list is no likelier than the last.
var (
	browser = []string{
		`"$os":"<Mac OS X|Windows|Windows|Windows|Linux|iOS|Android>"`,
		`"$os_version":"<10.15.0|10.0|11.0|14.2|17.1>"`,
		`"$browser":"<Chrome|Chrome|Chrome|Safari|Mobile Safari|Firefox|Microsoft Edge>"`,
		`"$device_type":"<Desktop|Desktop|Mobile>"`,
		`"$current_url":"https://shop.example/<home|products|products|cart|checkout|account|blog>/<1..5000>?ref=` +
			`<words 1..2>"`,
		`"$host":"shop.example"`,
		`"$pathname":"/<home|products|products|cart|checkout|account|blog>/<1..5000>"`,
		`"$browser_version":<109..127>,"$browser_language":"<en-US|en-US|en-GB|de-DE|fr-FR|pt-BR>"`,
		`"$screen_height":<844|900|1052|1080|1440>,"$screen_width":<390|1440|1620|1920|2560>`,
		`"$viewport_height":<664..1300>`,
		`"$viewport_width":<390..2500>,"$lib":"web","$lib_version":"1.418.10"`,
		`"$insert_id":"<1000000000000000..9999999999999999>"`,
		`"$time":<1694769302..1794769302>.<100..999>`,
		`"$device_id":"<device>"`,
		`"$session_id":"<session>"`,
		`"$window_id":"<session>"`,
		`"$referrer":"<$direct|$direct|https://search.example/|https://news.example/front>",` +
			`"$referring_domain":"<$direct|$direct|search.example|news.example>"`,
		`"is_demo_project":false,"$autocapture_disabled_server_side":false,` +
			`"$active_feature_flags":[<|"checkout-v2"|"checkout-v2","new-nav">],"$feature_flag_payloads":{}`,
		`"realm":"hosted-<eu|us>","email_service_available":<true|false>,"slack_service_available":<true|false>`,
		`"tenant":{"project":"<uuid>","organization":"<uuid>","instance":"https://shop.example"}<||,` +
			`"has_billing_plan":false,"percentage_usage.product_analytics":0,"current_usage.product_analytics":0,` +
			`"percentage_usage.session_replay":0,"current_usage.session_replay":0,` +
			`"percentage_usage.feature_flags":0,"current_usage.feature_flags":0>`,
	}
	page = []string{
		`"title":"<words 2..4> - <Shop|Cart|Account> - Example"`,
		`"$pageview_id":"<uuid>"`,
		`"$prev_pageview_duration":<1..300>.<100..999>`,
	}
	click = []string{
		`"$event_type":"<click|click|click|submit|change>"`,
		`"$ce_version":1`,
	}
	flagCalled = []string{
		`"$feature_flag":"<checkout-v2|new-nav|cs-dashboards|recommendations>"`,
		`"$feature_flag_response":<true|false|false|"test">`,
	}
	mobile = []string{
		`"$lib":"<posthog-ios|posthog-android|posthog-android>"`,
		`"$lib_version":"3.<1..30>.<0..9>"`,
		`"$app_name":"Shop"`,
		`"$app_version":"<4|5>.<0..20>.<0..9>"`,
		`"$app_build":<1000..4000>`,
		`"$app_namespace":"com.example.shop"`,
		`"$os_name":"<iOS|Android|Android>"`,
		`"$os_version":"<13|14|15|17.5|18.1>"`,
		`"$device_name":"<iPhone|Pixel 8|SM-S921B|moto g54>"`,
		`"$device_type":"Mobile"`,
		`"$device_manufacturer":"<Apple|Google|samsung|motorola>"`,
		`"$screen_width":<360..430>`,
		`"$screen_height":<640..932>`,
		`"$locale":"<en-US|en-GB|de-DE|pt-BR|hi-IN>"`,
		`"$timezone":"<Europe/Berlin|America/New_York|America/Sao_Paulo|Asia/Kolkata>"`,
		`"$network_wifi":<true|false>`,
		`"$network_cellular":<true|false>`,
		`"$session_id":"<session>"`,
		`"$device_id":"<device>"`,
		`"$is_identified":<true|false>`,
	}
	screen = []string{
		`"$screen_name":"<Home|Product|Product|Cart|Checkout|Account|Search>"`,
	}
	lifecycle = []string{
		`"version":"<4|5>.<0..20>.<0..9>"`,
		`"build":"<1000..4000>"`,
		`"from_background":<true|true|false>`,
	}
	server = []string{
		`"$lib":"posthog-node","$lib_version":"4.<0..18>.<0..9>","$geoip_disable":true`,
	}
	commerce = []string{
		`"amount":<1..500>.<10..99>`,
		`"sku":"SKU-<10000..99999>"`,
		`"currency":"<EUR|USD|USD|GBP>","quantity":<1..5>,"first_purchase":<true|false|false|false>`,
	}
	profile = []string{
		`"$set":{"plan":"<free|free|team|scale>","seats":<1..200>}`,
		`"$set_once":{"initial_referrer":"<$direct|search.example|news.example>"}`,
	}
	group = []string{
		`"$group_set":{"plan":"<team|scale|enterprise>","employees":<1..10000>}`,
	}
)

// elements adds what was clicked and all that it lies in, as the web library
// records it: five to twelve elements of a page.
func (b *compiler) elements() {
	if b.given["$elements"] {
		return
	}
	var texts []draft
	text := b.run(`"$elements":[` + ancestors[0])
	for n := 1; n <= len(ancestors); n++ {
		if n >= fewestElements {
			texts = append(texts, text.and(b.run("]")))
		}
		if n < len(ancestors) {
			text = text.and(b.run("," + ancestors[n]))
		}
	}
	b.begin()
	b.setRuns(valuePart{op: opChoice}, texts)
	b.end()
}

// fewestElements is how many elements the smallest click has.
const fewestElements = 9

// ancestors are the elements of a page from the innermost outwards.
var ancestors = []string{
	`{"tag_name":"span","classes":["Button__content"],"attr__class":"Button__content","nth_child":1,` +
		`"nth_of_type":1,"$el_text":"Add to cart"}`,
	`{"tag_name":"button","$el_text":"","classes":["Button","Button--primary","Button--large","mb-4"],` +
		`"attr__class":"Button Button--primary Button--large mb-4","attr__type":"button","nth_child":1,` +
		`"nth_of_type":1}`,
	`{"tag_name":"div","classes":["flex","flex-col","mb-6"],"attr__class":"flex flex-col mb-6",` +
		`"nth_child":4,"nth_of_type":2}`,
	`{"tag_name":"div","classes":["ProductCard__body"],"attr__class":"ProductCard__body","nth_child":1,` +
		`"nth_of_type":1}`,
	`{"tag_name":"li","classes":["ProductCard"],"attr__class":"ProductCard","attr__role":"listitem",` +
		`"attr__aria-selected":"false","attr__tabindex":"0","nth_child":2,"nth_of_type":2}`,
	`{"tag_name":"ul","classes":["ProductList"],"attr__class":"ProductList","attr__role":"list",` +
		`"nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","classes":["ProductList__wrapper"],"attr__class":"ProductList__wrapper",` +
		`"attr__style":"--slider-width: 86.23px; --slider-offset: 367.09px;","attr__data-attr":"products",` +
		`"nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["main-content"],"attr__class":"main-content","nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["SideBar__content"],"attr__class":"SideBar__content","nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["SideBar","SideBar__layout"],"attr__class":"SideBar SideBar__layout",` +
		`"nth_child":4,"nth_of_type":3}`,
	`{"tag_name":"div","classes":["h-screen","flex","flex-col"],"attr__class":"h-screen flex flex-col",` +
		`"nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","attr__id":"root","nth_child":3,"nth_of_type":1}`,
	`{"tag_name":"body","attr__theme":"light","attr__class":"","nth_child":2,"nth_of_type":1}`,
	`{"tag_name":"html","attr__lang":"en","attr__class":"no-touch","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","classes":["modal-root","modal-root--open"],` +
		`"attr__class":"modal-root modal-root--open","nth_child":5,"nth_of_type":5}`,
	`{"tag_name":"section","classes":["modal","modal--wide"],"attr__class":"modal modal--wide",` +
		`"attr__role":"dialog","nth_child":1,"nth_of_type":1}`,
}
