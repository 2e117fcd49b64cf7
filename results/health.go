package results

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"rehearse/internal/text"
)

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

// reading is what the operating system said at one moment.
type reading struct {
	at                 time.Time
	cpu                time.Duration // used by this process
	machine, idle      uint64        // ticks of all processors, and those in which they had nothing to do
	periods, throttled int64
	quota              float64 // cores; 0: no quota
	files, maxFiles    int
	pause              time.Duration // longest so far
	waited             time.Duration // by all threads, for a processor
	dropped, overflows int64         // by TCP, for want of buffers; by listeners
	resent, segments   int64
}

// doctor takes readings and sums them up.
type doctor struct {
	Health
	first, last reading
	read        func() reading
}

// newDoctor takes the first reading.
func newDoctor() *doctor {
	d := &doctor{read: takeReading}
	d.first = d.read()
	d.last = d.first
	return d
}

// observe takes a reading at the end of an interval.
func (d *doctor) observe(iv *Interval) {
	now := d.read()
	d.Sockets = iv.Sockets
	for i := range iv.Stalls {
		d.Stalls.add(&iv.Stalls[i])
		if lost := iv.Stalls[i].Lost(); lost >= longStall {
			d.HeldUp += lost.Seconds()
		}
	}
	d.Cores = float64(runtime.NumCPU())
	if now.quota > 0 {
		d.Cores = math.Min(d.Cores, now.quota)
	}
	elapsed := now.at.Sub(d.last.at)
	if elapsed > 100*time.Millisecond { // a short one says nothing
		used := (now.cpu - d.last.cpu).Seconds() / elapsed.Seconds()
		d.Busiest = math.Max(d.Busiest, used/d.Cores)
		d.Stolen = math.Max(d.Stolen, others(&d.last, &now, used))
		d.RunDelay = math.Max(d.RunDelay, (now.waited-d.last.waited).Seconds()/elapsed.Seconds())
	}
	d.Throttled = ratio(now.throttled-d.first.throttled, now.periods-d.first.periods)
	d.NetDrops, d.Overflows = now.dropped-d.first.dropped, now.overflows-d.first.overflows
	d.Resent = ratio(now.resent-d.first.resent, now.segments-d.first.segments)
	d.Files, d.MaxFiles = max(d.Files, now.files), now.maxFiles
	step := now.at.Round(0).Sub(d.last.at.Round(0)) - elapsed // Round drops the monotonic clock
	if milliseconds(step.Abs()) > math.Abs(d.ClockStep) {
		d.ClockStep = milliseconds(step.Round(time.Microsecond))
	}
	if now.pause > d.first.pause {
		d.PauseMS = milliseconds(now.pause.Round(time.Microsecond))
	}
	d.last = now
}

// worse is the worst of two, field by field.
func (h Health) worse(other Health) Health {
	h.Cores = max(h.Cores, other.Cores)
	h.Busiest = max(h.Busiest, other.Busiest)
	h.Throttled = max(h.Throttled, other.Throttled)
	h.Stolen = max(h.Stolen, other.Stolen)
	h.PauseMS = max(h.PauseMS, other.PauseMS)
	h.HeldUp = max(h.HeldUp, other.HeldUp)
	h.Files = max(h.Files, other.Files)
	h.MaxFiles = max(h.MaxFiles, other.MaxFiles)
	h.NetDrops = max(h.NetDrops, other.NetDrops)
	h.Overflows = max(h.Overflows, other.Overflows)
	h.Resent = max(h.Resent, other.Resent)
	h.RunDelay = max(h.RunDelay, other.RunDelay)
	h.Stalls, h.Sockets = h.Stalls.plus(other.Stalls), h.Sockets.Plus(other.Sockets)
	if math.Abs(other.ClockStep) > math.Abs(h.ClockStep) {
		h.ClockStep = other.ClockStep
	}
	return h
}

// rounded is the Health as the result states it: shares to a hundredth of a
// percent.
func (h Health) rounded() Health {
	for _, x := range []*float64{&h.Busiest, &h.Throttled, &h.Stolen, &h.HeldUp, &h.Resent, &h.RunDelay, &h.Seconds, &h.LongestMS, &h.At} {
		*x = math.Round(*x*1e4) / 1e4
	}
	return h
}

// others is the share of the machine that everybody else used between two
// readings, of which used cores were ours.
func others(from, to *reading, used float64) float64 {
	all, idle := float64(to.machine-from.machine), float64(to.idle-from.idle)
	if to.machine <= from.machine {
		return 0
	}
	return math.Min(math.Max(1-idle/all-used/float64(runtime.NumCPU()), 0), 1)
}

// takeReading asks the runtime and the operating system.
func takeReading() reading {
	r := reading{at: time.Now(), cpu: usage().cpu, pause: longestPause()}
	r.askSystem()
	return r
}

// longestPause is the longest stop of the world since the process began, as the
// upper end of its bucket.
func longestPause() time.Duration {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := sample[0].Value.Float64Histogram()
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > 0 && !math.IsInf(h.Buckets[i+1], 1) {
			return time.Duration(h.Buckets[i+1] * float64(time.Second))
		}
	}
	return 0
}

// The bounds beyond which an observation explains a generator that fell behind,
// or makes a run worthless by itself.
const (
	longStall     = 250 * time.Millisecond // a stall from which on it counts as held up
	tooHeldUp     = 0.05                   // of the run
	tooThrottled  = 0.10                   // of the periods
	tooBusy       = 0.90                   // of the cores
	tooManyFiles  = 0.95                   // of the limit
	longPause     = 50.0                   // ms
	clockStepped  = 500.0                  // ms
	noticeOfOther = 0.50                   // of the machine
	muchResent    = 0.01                   // of the segments
	muchRunDelay  = 0.50                   // of a thread, all the time
)

// faults are what makes a run worthless whether or not requests left late: a
// generator that stands still does not see when answers come, and what a full
// buffer throws away comes a fifth of a second later, if at all.
func (h *Health) faults(seconds float64, sent int64) (faults []string) {
	switch { // what is throttled is held up, too
	case h.Throttled > tooThrottled:
		faults = append(faults, fmt.Sprintf("the generator was throttled: its cgroup used up its quota of %s cores in %s of the periods; raise the CPU limit of the container",
			text.Figures(h.Cores), text.Percent(h.Throttled)))
	case h.HeldUp > tooHeldUp*seconds && h.HeldUp > 0.5:
		faults = append(faults, fmt.Sprintf("the generator was held up for %s s of %s s: %s; run it where nothing stops it, or takes its processors",
			text.Figures(h.HeldUp), text.Figures(seconds), h.Stalls.text()))
	}
	if full := min(h.Drops, h.NetDrops); tooMany(full, sent) { // alone, the one counts duplicates, the other strangers'
		faults = append(faults, fmt.Sprintf("the network buffers of the run's own connections were full %s times in %s: "+
			"raise net.ipv4.tcp_mem, tcp_rmem and tcp_wmem, use fewer connections, or share the run among several machines",
			text.Count(full), text.Plural(sent, "request")))
	}
	return faults
}

// noSocket is the fault of having had nothing left to open connections with.
func (h *Health) noSocket(requests int64) string {
	return fmt.Sprintf("%s found no socket to connect with: raise the limit of open files (ulimit -n; %d of %d were in use), widen net.ipv4.ip_local_port_range, or use fewer connections",
		text.Plural(requests, "request"), h.Files, h.MaxFiles)
}

// cause is the likeliest reason for having fallen behind, with what to change;
// empty if nothing was seen.
func (h *Health) cause() string {
	switch {
	case h.MaxFiles > 0 && float64(h.Files) > tooManyFiles*float64(h.MaxFiles):
		return fmt.Sprintf("%d of %d open files were in use: raise the limit (ulimit -n), or use fewer connections", h.Files, h.MaxFiles)
	case h.Busiest > tooBusy:
		return fmt.Sprintf("it used %s of %s cores: give it more of them, compress less, or share the run among several machines",
			text.Percent(h.Busiest), text.Figures(h.Cores))
	case h.Stolen > noticeOfOther:
		return fmt.Sprintf("other programs used up to %s of the machine: run it on a quieter one", text.Percent(h.Stolen))
	case h.RunDelay > muchRunDelay:
		return fmt.Sprintf("up to %s of its threads waited for a processor at once, on average over a second: "+
			"give it more cores, or run it on a quieter machine", text.Figures(h.RunDelay))
	case h.PauseMS > longPause:
		return fmt.Sprintf("the garbage collector stopped it for up to %s: use smaller batches, or give it more memory (GOMEMLIMIT)", text.Milliseconds(h.PauseMS))
	}
	return ""
}

// stalled is what keeps a generator from its schedule that stood still, and what to
// change: why, if it stood still for want of a processor and that is known.
func (h *Health) stalled(why string) (Bottleneck, string) {
	switch h.Stalls.Cause {
	case StallStarved, StallBusy, StallCollected:
		if h.cause() == "" {
			why = h.Stalls.text() + "; give it more cores, or run it on a quieter machine"
		}
		return CPUBottleneck, why
	}
	return StallBottleneck, h.Stalls.text() + "; run it where nothing stops it"
}

// notes are what a reader should know of a run that sent so many requests, though it
// spoils nothing.
func (h *Health) notes(sent int64) (notes []string) {
	if math.Abs(h.ClockStep) > clockStepped {
		notes = append(notes, fmt.Sprintf("the wall clock stepped by %s: no duration is wrong, but times of day are",
			text.Milliseconds(math.Abs(h.ClockStep))))
	}
	if h.Overflows > 0 {
		notes = append(notes, fmt.Sprintf("%s found the queue of a listener on this machine full and had to try again a second later: raise net.core.somaxconn if the endpoint is here",
			text.Plural(h.Overflows, "connection")))
	}
	if tooMany(h.NetDrops, sent) {
		notes = append(notes, fmt.Sprintf("TCP threw away %s on this machine for want of buffers, "+
			"those of other programs included; the run's own connections threw away %s",
			text.Plural(h.NetDrops, "segment"), text.Count(h.Drops)))
	}
	switch again := ratio(h.Again, h.Segments); {
	case again > muchResent:
		notes = append(notes, fmt.Sprintf("%s of the run's own TCP segments were sent again: the network lost packets, "+
			"or the other end was too busy to confirm them, and latencies have that in them", text.Percent(again)))
	case h.Segments == 0 && h.Resent > muchResent:
		notes = append(notes, fmt.Sprintf("%s of the TCP segments of this machine were sent again, of this program and all others",
			text.Percent(h.Resent)))
	}
	return notes
}
