package results

import _ "embed"

// Health is how the machine treated the generator, as the generator saw it once
// a second. It tells a slow endpoint from a generator that could not do better.
// What an operating system does not tell stays 0.
type Health struct {
	Cores     float64 `json:"cores"`           // that may be used: of the machine, or of the cgroup's quota
	Busiest   float64 `json:"cpu_busiest"`     // share of them used in the busiest second
	Throttled float64 `json:"throttled"`       // share of its periods in which the cgroup ran out of its CPU quota
	Stolen    float64 `json:"machine_busiest"` // share of the machine's CPU that others used, in their busiest second
	PauseMS   float64 `json:"gc_pause_max_ms"` // longest stop by the garbage collector, to the bucket
	HeldUp    float64 `json:"held_up_s"`       // spent in stalls of 250 ms and more
	Files     int     `json:"files"`           // most files and connections open at once
	MaxFiles  int     `json:"files_limit"`     // how many may be
	ClockStep float64 `json:"clock_step_ms"`   // furthest that the wall clock strayed from the monotonic one
	RunDelay  float64 `json:"run_delay"`       // threads that waited for a processor in the worst second, on average

	Stalls
	Sockets

	// Of the network stack of the machine, or of the container, and so of other
	// programs as well: worth a note, and no verdict.
	NetDrops  int64   `json:"net_drops"`        // segments that TCP threw away for want of buffers or memory
	Overflows int64   `json:"listen_overflows"` // connections that a listener did not accept in time
	Resent    float64 `json:"tcp_resent"`       // share of the segments that were sent again
}

// Sockets is what the run's own connections counted until they were closed.
type Sockets struct {
	Segments int64 `json:"segments"`             // sent by TCP, those sent again included
	Again    int64 `json:"segments_sent_again"`  // of them, those sent again
	Drops    int64 `json:"segments_thrown_away"` // received, and thrown away: for want of room, or as duplicates
}

// Plus is the sum of two.
func (s Sockets) Plus(other Sockets) Sockets {
	return Sockets{s.Segments + other.Segments, s.Again + other.Again, s.Drops + other.Drops}
}

// Generator says how the load generator itself fared.
type Generator struct {
	CPUSeconds   float64    `json:"cpu_seconds"` // of the whole process, since the run directory was made
	RSSBytes     int64      `json:"rss_bytes"`   // the most that the process had resident
	Bottleneck   Bottleneck `json:"bottleneck"`
	ScheduleKept float64    `json:"schedule_kept"` // share of the due requests that left in time
	Connections  int64      `json:"connections"`   // how many it might use at once; 0: not known
	Health
}

// Stalls sum up when the generator stood still.
type Stalls struct {
	Count     int64      `json:"stalls"`
	Seconds   float64    `json:"stalled_s"`    // in all
	LongestMS float64    `json:"stall_max_ms"` // the longest of them,
	At        float64    `json:"stall_at_s"`   // when it began, in seconds of the run,
	Cause     StallCause `json:"stall_cause"`  // and its cause
}

// plus sums up the stalls of two inputs.
func (s Stalls) Plus(other Stalls) Stalls {
	longest := s
	if other.LongestMS > s.LongestMS {
		longest = other
	}
	longest.Count, longest.Seconds = s.Count+other.Count, s.Seconds+other.Seconds
	return longest
}

// Bottleneck is what kept the generator from its schedule.
type Bottleneck string

// The bottlenecks.
const (
	NoBottleneck         Bottleneck = ""
	CPUBottleneck        Bottleneck = "cpu"         // bodies were not built in time
	PacingBottleneck     Bottleneck = "pacing"      // ready requests were not sent in time
	ConnectionBottleneck Bottleneck = "connections" // every connection was waiting for the endpoint
	StallBottleneck      Bottleneck = "stall"       // it stood still
)
