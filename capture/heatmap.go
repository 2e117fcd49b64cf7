package capture

import "rehearse/internal/jsonscan"

// heatmapMembers are the properties that an event of a heatmap keeps
// (events/analytics.rs HEATMAP_PROPERTY_KEYS).
var heatmapMembers = [...]string{
	"$heatmap_data", "$viewport_height", "$viewport_width", "$session_id", "$prev_pageview_pathname",
	"$prev_pageview_max_scroll", "$current_url", "$cookieless_mode",
}

// Split returns the event $$heatmap that the service makes of what an event
// carries for it; ok is false if it carries nothing of that kind. It has no UUID
// of a client's.
func (e *Received) Split() (part Received, ok bool) {
	if !e.Heatmap || string(e.Event) == "$$heatmap" {
		return part, false
	}
	part = *e
	part.Event, part.UUID, part.hasUUID, part.Heatmap = []byte("$$heatmap"), UUID{}, false, false
	part.Properties = []byte{'{'}
	c := jsonscan.New(e.Properties)
	for c.Enter(); c.More(); {
		from := c.Offset()
		key := c.Key()
		c.Value()
		for _, kept := range heatmapMembers {
			if string(key) == kept {
				part.Properties = append(part.Properties, c.Since(from)...)
				part.Properties = append(part.Properties, ',')
			}
		}
	}
	part.Properties[len(part.Properties)-1] = '}'
	return part, true
}
