package format

import (
	"rehearse/internal/recording/event"
)

import "bytes"

// snowplow reads enriched events of Snowplow: one a line, the columns of its
// canonical event model separated by tabs, without a header
// (docs.snowplow.io, "Enriched stream TSV file format"). There is no guide that
// maps them to PostHog; page views get PostHog's name, a structured event is named
// after its action, and the user is user_id, else the cookie of the domain, else
// that of the network. What is not the name, the id or the time becomes a property.
type snowplow struct {
	clock *event.Clock
	cells [][]byte
}

func (d *snowplow) decode(l Line, seed int64, e *event.Event) event.Reason {
	if !d.split(l.Text) {
		return event.NotARow
	}
	nameSnowplow(e, d.cells)
	e.SetPlainID(firstCell(d.cells, spUserID, spDomainUserID, spNetworkUserID))
	e.SetTime(d.clock, firstCell(d.cells, spTrueTime, spDerivedTime, spCollectorTime, spCreatedTime))
	if u, ok := event.ParseUUID(d.cells[spEventID]); ok {
		e.UUID = u
	} else {
		e.Identify(nil, l.Text, seed)
	}
	e.Open()
	for i, cell := range d.cells {
		if name := snowplowColumns[i]; name != "" {
			e.PutCell(name, cell)
		}
	}
	e.Close()
	return ""
}

// split cuts a line into its cells, those of the columns that came with later
// versions empty; false if that is no event.
func (d *snowplow) split(line []byte) bool {
	d.cells = d.cells[:0]
	for more := true; more && len(d.cells) < len(snowplowColumns); {
		var cell []byte
		cell, line, more = bytes.Cut(line, []byte{'\t'})
		d.cells = append(d.cells, cell)
	}
	if len(d.cells) < fewestColumns {
		return false
	}
	for len(d.cells) < len(snowplowColumns) {
		d.cells = append(d.cells, nil)
	}
	return true
}

// fewestColumns is how many columns the oldest version has that is still about.
const fewestColumns = 108

// isSnowplow reports whether a line is an enriched event: enough columns, a time
// and an identifier where they belong.
func isSnowplow(line []byte) bool {
	var d snowplow
	if bytes.Count(line, []byte{'\t'})+1 < fewestColumns || !d.split(line) {
		return false
	}
	_, timed := event.ParseText(d.cells[spCollectorTime])
	_, identified := event.ParseUUID(d.cells[spEventID])
	return timed && identified
}

// nameSnowplow names the event. Those of older versions have no event_name.
func nameSnowplow(e *event.Event, cells [][]byte) {
	name := firstCell(cells, spEventName, spEvent)
	switch string(cells[spEvent]) {
	case "page_view", "pv":
		e.Rename("$pageview")
		return
	case "struct", "se":
		name = firstCell(cells, spAction, spEvent)
	}
	e.SetPlainName(name)
}

// firstCell returns the first of some cells that is not empty.
func firstCell(cells [][]byte, columns ...int) []byte {
	for _, c := range columns {
		if len(cells[c]) > 0 {
			return cells[c]
		}
	}
	return nil
}

// The columns that become more than a property.
const (
	spCollectorTime = 3
	spCreatedTime   = 4
	spEvent         = 5
	spEventID       = 6
	spUserID        = 12
	spDomainUserID  = 15
	spNetworkUserID = 17
	spAction        = 54
	spDerivedTime   = 124
	spEventName     = 126
	spTrueTime      = 130
)

// snowplowColumns are the names under which the columns become properties, in
// their order; columns without one do not. Those that PostHog knows have its name.
var snowplowColumns = [131]string{
	"app_id", "platform", "", "", "", "", "", "txn_id", "name_tracker", "$lib", "", "",
	"$user_id", "$ip", "user_fingerprint", "$device_id", "domain_sessionidx", "network_userid",
	"$geoip_country_code", "geo_region", "$geoip_city_name", "$geoip_postal_code", "$geoip_latitude",
	"$geoip_longitude", "$geoip_subdivision_1_name",
	"ip_isp", "ip_organization", "ip_domain", "ip_netspeed",
	"$current_url", "title", "$referrer",
	"", "$host", "", "$pathname", "", "",
	"", "$referring_domain", "", "", "", "",
	"refr_medium", "refr_source", "refr_term",
	"utm_medium", "utm_source", "utm_term", "utm_content", "utm_campaign",
	"contexts",
	"se_category", "se_action", "se_label", "se_property", "se_value",
	"unstruct_event",
	"tr_orderid", "tr_affiliation", "tr_total", "tr_tax", "tr_shipping", "tr_city", "tr_state", "tr_country",
	"ti_orderid", "ti_sku", "ti_name", "ti_category", "ti_price", "ti_quantity",
	"pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min", "pp_yoffset_max",
	"$raw_user_agent", "$browser", "br_family", "$browser_version", "br_type", "br_renderengine", "$browser_language",
	"br_features_pdf", "br_features_flash", "br_features_java", "br_features_director", "br_features_quicktime",
	"br_features_realplayer", "br_features_windowsmedia", "br_features_gears", "br_features_silverlight",
	"br_cookies", "br_colordepth", "$viewport_width", "$viewport_height",
	"$os", "os_family", "os_manufacturer", "$timezone",
	"$device_type", "dvce_ismobile", "$screen_width", "$screen_height",
	"doc_charset", "doc_width", "doc_height",
	"tr_currency", "tr_total_base", "tr_tax_base", "tr_shipping_base", "ti_currency", "ti_price_base", "base_currency",
	"$geoip_time_zone", "mkt_clickid", "mkt_network", "etl_tags",
	"", "refr_domain_userid", "", "derived_contexts", "$session_id", "",
	"event_vendor", "", "event_format", "event_version", "event_fingerprint", "",
}
