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
	Redirected             // a topic that a restriction names

	lanes
)

// laneNames are the lanes as they stand in statistics.
var laneNames = [lanes]string{"main", "overflow", "historical", "exceptions", "heatmaps", "client_warnings",
	"redirected"}

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

// Topic returns the name of the topic in Kafka; empty of [Redirected], whose topic the
// deployment names.
func (l Lane) Topic() string {
	if l < lanes {
		return topics[l]
	}
	return ""
}

// LaneOf returns the lane of an event before any limit is looked at. Some names have
// lanes of their own (capture events/analytics.rs, data_type), which they had not in
// 2024: there, inPlace is true (see [Config]).
func LaneOf[T string | []byte](name T, historical, inPlace bool) Lane {
	switch {
	case inPlace:
	case string(name) == "$exception":
		return Exceptions
	case string(name) == "$$heatmap":
		return Heatmaps
	case string(name) == "$$client_ingestion_warning":
		return Warnings
	}
	if historical {
		return Historical
	}
	return Main
}
