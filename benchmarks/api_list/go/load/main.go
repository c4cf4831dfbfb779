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
	tokens := flag.String("tokens", "", "a file with bearer tokens, one a line; connections take them in turn")
	header := flag.String("header", "", "one more header line of each request")
	once := flag.Bool("once", false, "ask for each URL once at most, else each connection for all in turn")
	connections := flag.Int("connections", 64, "how many")
	seconds := flag.Float64("seconds", 5, "how long")
	rate := flag.Float64("rate", 0, "requests each second of all connections; 0: as many as possible")
	flag.Parse()
	paths, users := read(*file), read(*tokens)
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
			step := 1
			if *once {
				step = *connections
			}
			request := written(paths, *address, users[i%len(users)], *header)
			workers[i].run(*address, request, len(paths), i, step, due, end, pause)
		}()
	}
	all.Wait()
	tell(workers, time.Since(begin).Seconds())
}

func read(file string) []string {
	text, err := os.ReadFile(file)
	check(err)
	return strings.Fields(string(text))
}

// written gives a function that makes the request for a path by its number: as cheap as a slice of them, but small.
func written(paths []string, address, token, header string) func(int) []byte {
	if header != "" {
		header += "\r\n"
	}
	rest := fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n%s\r\n",
		address, token, header)
	buffer := make([]byte, 0, 16<<10)
	return func(number int) []byte {
		buffer = append(buffer[:0], "GET "...)
		buffer = append(buffer, paths[number%len(paths)]...)
		return append(buffer, rest...)
	}
}

func (w *worker) run(
	address string, request func(int) []byte, paths, next, step int, due, end time.Time, pause time.Duration,
) {
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
		_, err = connection.Write(request(next))
		check(err)
		_, err = reader.Peek(1)
		check(err)
		w.first = append(w.first, time.Since(due))
		w.bytes += answer(reader)
		w.latencies = append(w.latencies, time.Since(due))
		if next += step; step > 1 && next >= paths {
			return
		}
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
