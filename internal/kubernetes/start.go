package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

const (
	startNote = "rehearse.dev/start-at" // the annotation that sets the start of all pods
	againNote = "rehearse.dev/again"    // one that only makes the kubelet look at a pod again

	// The last moment to stop pods before the start is this long before it: they get
	// SIGTERM about a second after their Job was deleted.
	stopTakes = 2 * time.Second

	// A pod that has not heard of the start after this long is looked at again.
	againAfter = 1500 * time.Millisecond

	// How often it is looked whether all have heard of it.
	heardEvery = 100 * time.Millisecond
)

// start sets the start of all pods, by an annotation that the kubelet writes into a
// file of theirs, and waits until each says that it has read it.
func (r *running) start(ctx context.Context, at time.Time) error {
	_, err := r.do(ctx, nil, r.inNamespace("annotate", "pods", "-l", runLabel+"="+r.job.RunID, "--overwrite",
		startNote+"="+at.Format(time.RFC3339))...)
	if err != nil {
		return err
	}
	return r.heard(ctx, at)
}

// heard waits until each shard says that it knows the start. The kubelet writes the file
// within a second, unless it was just busy with that pod: then a minute later, or as soon as
// something else of the pod changes.
func (r *running) heard(ctx context.Context, at time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, at.Add(-min(stopTakes, r.Margin/2)))
	defer cancel()
	look := time.NewTicker(heardEvery)
	defer look.Stop()
	asked := time.Now()
	for times := 0; ; {
		deaf := r.deaf()
		if len(deaf) == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d shards had not heard of the start %v before it (%s): all are stopped",
				len(deaf), r.job.Shards, time.Until(at).Round(time.Millisecond), deaf[0])
		}
		if time.Since(asked) < againAfter {
			continue
		}
		times++
		args := append([]string{"annotate", "pods"}, deaf...)
		args = append(args, "--overwrite", againNote+"="+strconv.Itoa(times))
		if _, err := r.do(ctx, nil, r.inNamespace(args...)...); err != nil && ctx.Err() == nil {
			return err
		}
		asked = time.Now()
	}
}

// deaf are the pods that have not said that they know the start.
func (r *running) deaf() (pods []string) {
	for i := range r.job.Shards {
		if s := r.shards[i]; !s.seen.told() {
			pods = append(pods, s.pod)
		}
	}
	return pods
}
