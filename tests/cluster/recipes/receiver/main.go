// receiver takes CloudEvents over HTTP, validates them with the SDK for Go, and prints each as a line of JSON.
//
// The first line is the address it listens at. An event that is not valid is answered 400 and printed with its error.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

type line struct {
	Mode  string             `json:"mode,omitempty"`
	Event *cloudevents.Event `json:"event,omitempty"`
	Error string             `json:"error,omitempty"`
}

func main() {
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	var mutex sync.Mutex
	output := json.NewEncoder(os.Stdout)
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		told := read(request)
		mutex.Lock()
		defer mutex.Unlock()
		if err := output.Encode(told); err != nil {
			log.Fatal(err)
		}
		if told.Error != "" {
			http.Error(writer, told.Error, http.StatusBadRequest)
			return
		}
		writer.WriteHeader(http.StatusNoContent)
	})))
}

func read(request *http.Request) line {
	mode := "binary"
	if strings.HasPrefix(request.Header.Get("Content-Type"), cloudevents.ApplicationCloudEventsJSON) {
		mode = "structured"
	}
	event, err := cloudevents.NewEventFromHTTPRequest(request)
	if err == nil {
		err = event.Validate()
	}
	if err != nil {
		return line{Mode: mode, Error: err.Error()}
	}
	return line{Mode: mode, Event: event}
}
