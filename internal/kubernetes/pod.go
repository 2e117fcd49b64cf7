package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// exitAborted is the exit code of a shard that an abort rule of the scenario ended.
const exitAborted = 108

// pod is what is read of a pod.
type pod struct {
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Status struct {
		Phase      string `json:"phase"`
		Reason     string `json:"reason"` // as Evicted
		Message    string `json:"message"`
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Message string `json:"message"`
		} `json:"conditions"`
		ContainerStatuses []struct {
			State struct {
				Waiting *struct {
					Reason  string `json:"reason"`
					Message string `json:"message"`
				} `json:"waiting"`
				Terminated *terminated `json:"terminated"`
			} `json:"state"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

// terminated is how a container ended.
type terminated struct {
	ExitCode   int       `json:"exitCode"`
	Reason     string    `json:"reason"` // as OOMKilled
	FinishedAt time.Time `json:"finishedAt"`
}

// terminated is how the container ended; nil: it runs, or it is not known.
func (p *pod) terminated() *terminated {
	for _, c := range p.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil {
			return t
		}
	}
	return nil
}

// end is when the container ended, and what there is to say of it.
func (p *pod) end() (at time.Time, why string) {
	if t := p.terminated(); t != nil {
		at, why = t.FinishedAt, fmt.Sprintf("%s, exit %d", cmp.Or(t.Reason, "ended"), t.ExitCode)
	}
	if p.Status.Reason != "" {
		why = firstLines(p.Status.Reason+": "+p.Status.Message, 1)
	}
	return at, why
}

// index is the shard that a pod runs; -1: the Job has not said.
func (p *pod) index() int {
	n, err := strconv.Atoi(p.Metadata.Annotations["batch.kubernetes.io/job-completion-index"])
	if err != nil {
		return -1
	}
	return n
}

// stuck says why a pod does not run; empty: it runs, or may do so soon.
func (p *pod) stuck() string {
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
			return firstLines(w.Reason+": "+w.Message, 1)
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			return "not scheduled: " + firstLines(c.Message, 1)
		}
	}
	return ""
}

// follow waits until no shard runs any more. One that an abort rule ended ends all.
func (r *running) follow(ctx context.Context) ([]Log, error) {
	over := make(chan int)
	for i := range r.job.Shards {
		go func() { r.untilOver(i); over <- i }()
	}
	logs, stop := make([]Log, r.job.Shards), ctx.Done()
	var failed error
	end := func(why string) {
		r.Note("stopping: %s; the shards send nothing new, and say what they did", why)
		failed, stop = r.remove(), nil
	}
	for left := r.job.Shards; left > 0; {
		select {
		case i := <-over:
			left--
			s := r.shards[i]
			logs[i] = Log{Shard: i, Path: r.logFile(i), Ended: s.ended, Why: s.why}
			if s.aborted && left > 0 && stop != nil {
				end(fmt.Sprintf("an abort rule ended shard %d", i))
			}
		case <-stop:
			end("as asked")
		}
	}
	return logs, failed
}

// untilOver waits until a shard has ended. The cluster may cut off its output before
// that; then it is followed again, from its beginning.
func (r *running) untilOver(index int) {
	for s := r.shards[index]; ; {
		<-s.done
		s.ended = time.Now()
		p, err := r.pod(s.pod)
		switch {
		case err != nil: // the pod is gone
			s.why = err.Error()
			return
		case p.Status.Phase != "Running" || p.terminated() != nil:
			if at, why := p.end(); !at.IsZero() {
				s.ended, s.why = at, why
			}
			r.readAgain(s, index)
			t := p.terminated()
			s.aborted = t != nil && t.ExitCode == exitAborted
			return
		}
		time.Sleep(lookEvery)
		if err := r.attachTo(s, index); err != nil {
			s.why = err.Error()
			return
		}
	}
}

// readAgain reads the output of a pod that has ended once more: what follows it may break off
// before its end.
func (r *running) readAgain(s *shard, index int) {
	text, err := r.do(context.Background(), nil, r.inNamespace("logs", s.pod)...)
	if err != nil {
		return // the pod is gone: what was followed is what there is
	}
	if info, err := os.Stat(r.logFile(index)); err == nil && info.Size() < int64(len(text)) {
		_ = os.WriteFile(r.logFile(index), text, 0o600) // what is missing is seen when the bundle is read
	}
}

// pod asks for one pod, whatever has ended meanwhile.
func (r *running) pod(name string) (p pod, err error) {
	text, err := r.do(context.Background(), nil, r.inNamespace("get", "pod", name, "-o", "json")...)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}
