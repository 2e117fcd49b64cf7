package judge

import (
	"bufio"
	"bytes"
	_ "embed"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"time"

	"rehearse/results"
)

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

// healthMonitor takes readings and sums them up.
type healthMonitor struct {
	results.Health
	first, last reading
	read        func() reading
}

// newHealthMonitor takes the first reading.
func newHealthMonitor() *healthMonitor {
	d := &healthMonitor{read: takeReading}
	d.first = d.read()
	d.last = d.first
	return d
}

// observe takes a reading at the end of an interval.
func (d *healthMonitor) observe(iv *results.Interval) {
	now := d.read()
	d.Sockets = iv.Sockets
	for i := range iv.Stalls {
		addStall(&d.Stalls, &iv.Stalls[i])
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
	d.Throttled = results.Share(now.throttled-d.first.throttled, now.periods-d.first.periods)
	d.NetDrops, d.Overflows = now.dropped-d.first.dropped, now.overflows-d.first.overflows
	d.Resent = results.Share(now.resent-d.first.resent, now.segments-d.first.segments)
	d.Files, d.MaxFiles = max(d.Files, now.files), now.maxFiles
	step := now.at.Round(0).Sub(d.last.at.Round(0)) - elapsed // Round drops the monotonic clock
	if results.ToMilliseconds(step.Abs()) > math.Abs(d.ClockStep) {
		d.ClockStep = results.ToMilliseconds(step.Round(time.Microsecond))
	}
	if now.pause > d.first.pause {
		d.PauseMS = results.ToMilliseconds(now.pause.Round(time.Microsecond))
	}
	d.last = now
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

// machineFaults are what makes a run worthless whether or not requests left late: a
// generator that stands still does not see when answers come, and what a full
// buffer throws away comes a fifth of a second later, if at all.
func machineFaults(h *results.Health, seconds float64, sent int64) (faults []string) {
	switch { // what is throttled is held up, too
	case h.Throttled > tooThrottled:
		faults = append(faults, throttled(h))
	case h.HeldUp > tooHeldUp*seconds && h.HeldUp > 0.5:
		faults = append(faults, heldUp(h, seconds))
	}
	if full := min(h.Drops, h.NetDrops); tooMany(full, sent) { // alone, the one counts duplicates, the other strangers'
		faults = append(faults, buffersFull(full, sent))
	}
	return faults
}

// machineNotes are what a reader should know of a run that sent so many requests, though
// it spoils nothing.
func machineNotes(h *results.Health, sent int64) (notes []string) {
	if math.Abs(h.ClockStep) > clockStepped {
		notes = append(notes, clockStep(h.ClockStep))
	}
	if h.Overflows > 0 {
		notes = append(notes, listenerFull(h.Overflows))
	}
	if tooMany(h.NetDrops, sent) {
		notes = append(notes, segmentsThrownAway(h))
	}
	switch again := results.Share(h.Again, h.Segments); {
	case again > muchResent:
		notes = append(notes, segmentsSentAgain(again))
	case h.Segments == 0 && h.Resent > muchResent:
		notes = append(notes, machineSentAgain(h.Resent))
	}
	return notes
}

// rounded is the Health as the result states it: shares to a hundredth of a
// percent.
func rounded(h results.Health) results.Health {
	for _, x := range []*float64{
		&h.Busiest, &h.Throttled, &h.Stolen, &h.HeldUp, &h.Resent, &h.RunDelay, &h.Seconds, &h.LongestMS, &h.At,
	} {
		*x = math.Round(*x*1e4) / 1e4
	}
	return h
}

// addStall counts a stall.
func addStall(s *results.Stalls, stall *results.Stall) {
	s.Count++
	s.Seconds += stall.Lost().Seconds()
	if ms := results.ToMilliseconds(stall.Lost()); ms > s.LongestMS {
		s.LongestMS, s.At, s.Cause = ms, stall.From.Seconds(), stall.Cause
	}
}

// process is what this process has used so far.
type process struct {
	cpu  time.Duration // user and system
	peak int64         // most bytes resident at once
}

// measureProcess asks the operating system. The peak is Linux's VmHWM where
// there is one: ru_maxrss there still counts what the parent was before exec.
func measureProcess() process {
	p := usage()
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if peak, ok := highWater(status); ok {
			p.peak = peak
		}
	}
	return p
}

// highWater finds VmHWM, in bytes, in the text of /proc/<pid>/status.
func highWater(status []byte) (int64, bool) {
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		rest, found := bytes.CutPrefix(lines.Bytes(), []byte("VmHWM:"))
		if !found {
			continue
		}
		kilobytes, isKB := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(" kB"))
		n, err := strconv.ParseInt(string(kilobytes), 10, 64)
		return n << 10, isKB && err == nil
	}
	return 0, false
}
