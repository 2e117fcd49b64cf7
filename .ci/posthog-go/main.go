// Command posthog-go sends events through the client of that name as an application
// would: posthog-go URL [v1]
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/posthog/posthog-go"
)

func main() {
	if err := deliver(os.Args[1], len(os.Args) > 2); err != nil {
		fmt.Fprintln(os.Stderr, "posthog-go:", err)
		os.Exit(1)
	}
}

func deliver(url string, v1 bool) error {
	config, name := posthog.Config{Endpoint: url}, "go"
	if v1 {
		config.CaptureMode, name = posthog.CaptureModeAnalyticsV1, "go v1"
	}
	client, err := posthog.NewWithConfig("phc_clients", config)
	if err != nil {
		return err
	}
	user := strings.ReplaceAll(name, " ", "-")
	for n := range 90 {
		if err := client.Enqueue(posthog.Capture{DistinctId: user, Event: fmt.Sprint(name, " ", n%2), Properties: posthog.NewProperties().Set("n", n)}); err != nil {
			return err
		}
	}
	for _, m := range []posthog.Message{
		posthog.Alias{DistinctId: user, Alias: "anon-" + user},
		posthog.GroupIdentify{Type: "company", Key: "acme"},
	} {
		if err := client.Enqueue(m); err != nil {
			return err
		}
	}
	return client.Close()
}
