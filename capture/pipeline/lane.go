package pipeline

// Lane is one of the topics that events travel over.
type Lane uint8

// The lanes (capture config.rs, outputs).
const (
	Main       Lane = iota // events_plugin_ingestion
	Overflow               // events_plugin_ingestion_overflow
	Historical             // events_plugin_ingestion_historical
	Exceptions             // error_tracking_events
	Heatmaps               // heatmaps_ingestion
	Warnings               // ingestion-clientwarnings-main-1

	lanes
)

// laneNames are the lanes as they stand in statistics.
var laneNames = [lanes]string{"main", "overflow", "historical", "exceptions", "heatmaps", "client_warnings"}

// String returns the lane's name.
func (l Lane) String() string {
	if l < lanes {
		return laneNames[l]
	}
	return "other"
}

// topics are the topics that the lanes are (capture config.rs).
var topics = [lanes]string{
	"events_plugin_ingestion", "events_plugin_ingestion_overflow", "events_plugin_ingestion_historical",
	"error_tracking_events", "heatmaps_ingestion", "ingestion-clientwarnings-main-1",
}

// Topic returns the name of the topic in Kafka.
func (l Lane) Topic() string {
	if l < lanes {
		return topics[l]
	}
	return ""
}

// laneOf returns the lane of an event before any limit is looked at. Some names
// have lanes of their own (capture events/analytics.rs), which they had not in 2024.
func (p *Pipeline) laneOf(e *Event) Lane {
	name := string(e.Name)
	if p.config.InPlace {
		name = ""
	}
	switch name {
	case "$exception":
		return Exceptions
	case "$$heatmap":
		return Heatmaps
	case "$$client_ingestion_warning":
		return Warnings
	}
	if e.Historical {
		return Historical
	}
	return Main
}
