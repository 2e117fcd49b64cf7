package staging_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"rehearse/staging"
)

// A test of a client sends to an endpoint of its own, and asks it what came.
func ExampleStart() {
	endpoint, err := staging.Start(staging.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer endpoint.Close()

	body := `{"api_key": "phc_test", "batch": [
		{"event": "signed up", "distinct_id": "ada"},
		{"event": "paid", "distinct_id": "ada", "properties": {"amount": 12}}]}`
	answer, err := http.Post(endpoint.URL+"/batch/", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()

	counts := endpoint.Stats()
	fmt.Println(answer.StatusCode, counts.Events.Accepted, "events")
	for _, one := range counts.Names {
		fmt.Println(one.Name, one.Events)
	}
	// Output:
	// 200 2 events
	// paid 1
	// signed up 1
}

// An endpoint can be told what goes wrong: here every second request is answered 503,
// on a listener of the caller's choosing.
func ExampleServer_Serve() {
	server := staging.New(staging.Config{Reject: []staging.Rejection{{Status: 503, Share: 0.5}}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer listener.Close()
	go server.Serve(listener)

	refused := 0
	for range 10 {
		answer, err := http.Post("http://"+listener.Addr().String()+"/e/", "application/json",
			strings.NewReader(`{"api_key": "phc_test", "event": "a", "distinct_id": "ada"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		answer.Body.Close()
		if answer.StatusCode == 503 {
			refused++
		}
	}
	fmt.Println(refused, "refused,", server.Stats().Events.Accepted, "accepted")
	// Output: 5 refused, 5 accepted
}
