// Load asks a server for the URLs of a file over connections that are kept, and tells how it went as one line of JSON.
//
// Closed loop (-rate 0): each connection asks again as soon as it has the answer. Open loop (-rate n): requests begin at
// fixed times, and a latency counts from the time when the request should have begun.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type report struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Bytes    int     `json:"bytes"`
	P50      float64 `json:"p50Ms"`
	P99      float64 `json:"p99Ms"`
	Longest  float64 `json:"longestMs"`
	First    float64 `json:"firstByteMs"`
}

type worker struct {
	latencies []time.Duration
	first     []time.Duration
	bytes     int
}

func main() {
	address := flag.String("address", "", "host:port")
	file := flag.String("urls", "", "a file with a path in each line")
	token := flag.String("token", "", "bearer token")
	connections := flag.Int("connections", 64, "how many")
	seconds := flag.Float64("seconds", 5, "how long")
	rate := flag.Float64("rate", 0, "requests each second of all connections; 0: as many as possible")
	flag.Parse()
	requests := read(*file, *address, *token)
	workers := make([]worker, *connections)
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	var all sync.WaitGroup
	for i := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			var pause time.Duration
			due := begin
			if *rate > 0 {
				pause = time.Duration(float64(*connections) / *rate * float64(time.Second))
				due = begin.Add(pause * time.Duration(i) / time.Duration(*connections))
			}
			workers[i].run(*address, requests, i, due, end, pause)
		}()
	}
	all.Wait()
	tell(workers, time.Since(begin).Seconds())
}

func read(file, address, token string) [][]byte {
	text, err := os.ReadFile(file)
	check(err)
	var requests [][]byte
	for _, path := range strings.Fields(string(text)) {
		requests = append(requests, fmt.Appendf(nil,
			"GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n\r\n",
			path, address, token))
	}
	return requests
}

func (w *worker) run(address string, requests [][]byte, next int, due, end time.Time, pause time.Duration) {
	connection, err := net.Dial("tcp", address)
	check(err)
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	for due.Before(end) {
		if pause > 0 {
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		_, err = connection.Write(requests[next%len(requests)])
		check(err)
		_, err = reader.Peek(1)
		check(err)
		w.first = append(w.first, time.Since(due))
		w.bytes += answer(reader)
		w.latencies = append(w.latencies, time.Since(due))
		next++
		if pause > 0 {
			due = due.Add(pause)
		} else if !time.Now().Before(end) {
			return
		}
	}
}

// answer reads one answer, which must be 200 with a Content-Length, and gives the length of its body.
func answer(reader *bufio.Reader) int {
	length := -1
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		check(err)
		text := strings.TrimSpace(string(line))
		if first && !strings.HasPrefix(text, "HTTP/1.1 200 ") {
			check(fmt.Errorf("the server answered %q", text))
		}
		if text == "" {
			break
		}
		if value, found := strings.CutPrefix(strings.ToLower(text), "content-length:"); found {
			length, err = strconv.Atoi(strings.TrimSpace(value))
			check(err)
		}
	}
	if length < 0 {
		check(fmt.Errorf("an answer without Content-Length"))
	}
	_, err := io.CopyN(io.Discard, reader, int64(length))
	check(err)
	return length
}

func tell(workers []worker, seconds float64) {
	var latencies, first []time.Duration
	var bytes int
	for _, one := range workers {
		latencies = append(latencies, one.latencies...)
		first = append(first, one.first...)
		bytes += one.bytes
	}
	slices.Sort(latencies)
	slices.Sort(first)
	ms := func(sorted []time.Duration, part float64) float64 {
		return float64(sorted[min(len(sorted)-1, int(part*float64(len(sorted))))].Microseconds()) / 1000
	}
	check(json.NewEncoder(os.Stdout).Encode(report{
		Requests: len(latencies), Seconds: seconds, Bytes: bytes / len(latencies),
		P50: ms(latencies, 0.5), P99: ms(latencies, 0.99), Longest: ms(latencies, 1), First: ms(first, 0.99),
	}))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
