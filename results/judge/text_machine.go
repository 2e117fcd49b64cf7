package judge

import (
	"fmt"
	"math"

	"rehearse/internal/text"
	"rehearse/results"
)

// What result.json says in words of the generator and its machine.

// fellBehind says which share of the requests left late by the generator's own fault,
// and what to change.
func fellBehind(share float64, why string) string {
	return fmt.Sprintf("the generator fell behind: %s of the requests left late, or not at all, by its own fault; %s",
		text.Percent(share), why)
}

// lateText is what to change where nothing is known of the machine.
func lateText(b results.Bottleneck) string {
	if b == results.CPUBottleneck {
		return "requests were not built in time: give the generator more cores, compress less, " +
			"or share the run among several machines"
	}
	return "ready requests left late: run on a quieter machine, or share the run among several"
}

// slownessText is the likeliest reason for having fallen behind, with what to change;
// empty if nothing was seen.
func slownessText(h *results.Health) string {
	switch {
	case h.MaxFiles > 0 && float64(h.Files) > tooManyFiles*float64(h.MaxFiles):
		return fmt.Sprintf("%d of %d open files were in use: raise the limit (ulimit -n), or use fewer connections",
			h.Files, h.MaxFiles)
	case h.Busiest > tooBusy:
		return fmt.Sprintf("it used %s of %s cores: give it more of them, compress less, or share the run among "+
			"several machines", text.Percent(h.Busiest), text.Figures(h.Cores))
	case h.Stolen > noticeOfOther:
		return fmt.Sprintf("other programs used up to %s of the machine: run it on a quieter one",
			text.Percent(h.Stolen))
	case h.RunDelay > muchRunDelay:
		return fmt.Sprintf("up to %s of its threads waited for a processor at once, on average over a second: "+
			"give it more cores, or run it on a quieter machine", text.Figures(h.RunDelay))
	case h.PauseMS > longPause:
		return fmt.Sprintf("the garbage collector stopped it for up to %s: "+
			"use smaller batches, or give it more memory (GOMEMLIMIT)", text.Milliseconds(h.PauseMS))
	}
	return ""
}

// standstill says of a generator that stood still what to change: why, if it was for
// want of a processor and the reason of that is known.
func standstill(h *results.Health, why string) string {
	switch {
	case stallBottleneck(h.Stalls.Cause) == results.StallBottleneck:
		return stallsText(&h.Stalls) + "; run it where nothing stops it"
	case slownessText(h) == "":
		return stallsText(&h.Stalls) + "; give it more cores, or run it on a quieter machine"
	}
	return why
}

// stallsText says in half a sentence how long the generator stood still, and why.
func stallsText(s *results.Stalls) string {
	stalls := fmt.Sprintf("it %s for %s, %s s into the run",
		StallText(s.Cause), text.Milliseconds(s.LongestMS), text.Figures(s.At))
	if s.Count > 1 {
		stalls += fmt.Sprintf(", and %s s in %s altogether", text.Figures(s.Seconds), text.Plural(s.Count, "stall"))
	}
	return stalls
}

// StallText says what happened, after "the generator".
func StallText(c results.StallCause) string {
	switch c {
	case results.StallStopped:
		return "was stopped (SIGSTOP, a frozen container, or a paused machine)"
	case results.StallSuspended:
		return "was suspended with its machine"
	case results.StallStarved:
		return "could have run but got no processor"
	case results.StallBusy:
		return "was kept busy by its own work"
	case results.StallCollected:
		return "was stopped by the garbage collector"
	}
	return "stood still (stopped, suspended, or starved of CPU)"
}

// throttled says that the cgroup ran out of its quota.
func throttled(h *results.Health) string {
	return fmt.Sprintf("the generator was throttled: its cgroup used up its quota of %s cores in %s of the periods; "+
		"raise the CPU limit of the container", text.Figures(h.Cores), text.Percent(h.Throttled))
}

// heldUp says that the generator stood still for much of the run.
func heldUp(h *results.Health, seconds float64) string {
	return fmt.Sprintf("the generator was stalled for %s s of %s s: %s; run it where nothing stops it, or takes "+
		"its processors", text.Figures(h.HeldUp), text.Figures(seconds), stallsText(&h.Stalls))
}

// buffersFull says how often network buffers were full.
func buffersFull(times, sent int64) string {
	return fmt.Sprintf("the network buffers of the run's own connections were full %s times in %s: "+
		"raise net.ipv4.tcp_mem, tcp_rmem and tcp_wmem, use fewer connections, or share the run among several machines",
		text.Count(times), text.Plural(sent, "request"))
}

// noSocket says that there was nothing left to open connections with.
func noSocket(h *results.Health, requests int64) string {
	return fmt.Sprintf("%s found no socket to connect with: raise the limit of open files (ulimit -n; "+
		"%d of %d were in use), widen net.ipv4.ip_local_port_range, or use fewer connections",
		text.Plural(requests, "request"), h.Files, h.MaxFiles)
}

// clockStep says that the wall clock was set.
func clockStep(ms float64) string {
	return fmt.Sprintf("the wall clock stepped by %s: no duration is wrong, but times of day are",
		text.Milliseconds(math.Abs(ms)))
}

// listenerFull tells of connections that had to be tried again.
func listenerFull(n int64) string {
	return text.Plural(n, "connection") + " found the queue of a listener on this machine full " +
		"and had to try again a second later: raise net.core.somaxconn if the endpoint is here"
}

// segmentsThrownAway tells of segments that TCP had no room for.
func segmentsThrownAway(h *results.Health) string {
	return fmt.Sprintf("TCP threw away %s on this machine for want of buffers, "+
		"those of other programs included; the run's own connections threw away %s",
		text.Plural(h.NetDrops, "segment"), text.Count(h.Drops))
}

// segmentsSentAgain tells of lost packets on the run's own connections.
func segmentsSentAgain(share float64) string {
	return text.Percent(share) + " of the run's own TCP segments were sent again: the network lost packets, " +
		"or the other end was too busy to confirm them, and latencies have that in them"
}

// machineSentAgain tells of lost packets on the whole machine.
func machineSentAgain(share float64) string {
	return text.Percent(share) + " of the TCP segments of this machine were sent again, of this program and all others"
}
