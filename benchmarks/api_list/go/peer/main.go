// Peer serves the pages that we serve, as a Go program with net/http would: from memory as they go out, from memory by
// encoding each time, or by reading Redis each time. A bearer token is looked up by its SHA-256, as we do.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

const pageSize = 50

type snapshot struct {
	Snapshot      string `json:"snapshot"`
	User          string `json:"user"`
	Path          string `json:"path"`
	StartTime     string `json:"startTime,omitempty"`
	EndTime       string `json:"endTime,omitempty"`
	SizeBytes     int64  `json:"sizeBytes"`
	Files         int64  `json:"files"`
	Errors        int64  `json:"errors"`
	IgnoredErrors int64  `json:"ignoredErrors"`
	Complete      bool   `json:"complete"`
	Cause         string `json:"cause,omitempty"`
}

type page struct {
	Items []snapshot `json:"items"`
	Total int        `json:"total"`
	Next  string     `json:"next,omitempty"`
}

type pages func(number int) ([]byte, error)

func main() {
	mode := flag.String("mode", "", "preencoded, encoding or redis")
	file := flag.String("snapshots", "", "a file with a snapshot in each line, as JSON, newest first")
	address := flag.String("redis", "", "host:port of Redis, for that mode")
	list := flag.String("list", "", "key of the list of snapshots in Redis, newest first")
	tokens := flag.String("tokens", "", "a file with the bearer tokens that may, one a line")
	flag.Parse()
	bodies := read(*file)
	var get pages
	switch *mode {
	case "preencoded":
		get = preencoded(bodies)
	case "encoding":
		get = encoding(bodies)
	case "redis":
		get = fromRedis(redis.NewClient(&redis.Options{Addr: *address}), *list, len(bodies))
	default:
		check(fmt.Errorf("there is no mode %q", *mode))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(http.Serve(listener, handler(get, *tokens)))
}

func handler(get pages, tokens string) http.Handler {
	text, err := os.ReadFile(tokens)
	check(err)
	allowed := map[[sha256.Size]byte]bool{}
	for _, token := range strings.Fields(string(text)) {
		allowed[sha256.Sum256([]byte(token))] = true
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		given, found := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		if !found || !allowed[sha256.Sum256([]byte(given))] {
			http.Error(writer, "unauthorized", http.StatusUnauthorized)
			return
		}
		number, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/pages/"))
		if err != nil {
			http.NotFound(writer, request)
			return
		}
		body, err := get(number)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusServiceUnavailable)
			return
		}
		writer.Header().Set("Content-Type", "application/json")
		writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
		writer.Write(body)
	})
}

func read(file string) [][]byte {
	opened, err := os.Open(file)
	check(err)
	defer opened.Close()
	var bodies [][]byte
	scanner := bufio.NewScanner(opened)
	for scanner.Scan() {
		bodies = append(bodies, bytes.Clone(scanner.Bytes()))
	}
	check(scanner.Err())
	return bodies
}

func joined(bodies [][]byte, number, total int) []byte {
	var body bytes.Buffer
	body.Grow(32 << 10)
	body.WriteString(`{"items":[`)
	body.Write(bytes.Join(bodies, []byte(",")))
	fmt.Fprintf(&body, `],"total":%d,"next":"%d"}`, total, number+1)
	return body.Bytes()
}

func preencoded(bodies [][]byte) pages {
	var whole [][]byte
	for number := range len(bodies) / pageSize {
		whole = append(whole, joined(bodies[number*pageSize:(number+1)*pageSize], number, len(bodies)))
	}
	return func(number int) ([]byte, error) { return whole[number%len(whole)], nil }
}

func encoding(bodies [][]byte) pages {
	all := make([]snapshot, len(bodies))
	for i, body := range bodies {
		check(json.Unmarshal(body, &all[i]))
	}
	return func(number int) ([]byte, error) {
		start := number * pageSize % len(all)
		return json.Marshal(page{all[start : start+pageSize], len(all), strconv.Itoa(number + 1)})
	}
}

func fromRedis(client *redis.Client, list string, total int) pages {
	return func(number int) ([]byte, error) {
		start := int64(number * pageSize)
		found, err := client.LRange(context.Background(), list, start, start+pageSize-1).Result()
		if err != nil {
			return nil, err
		}
		bodies := make([][]byte, len(found))
		for i, one := range found {
			bodies[i] = []byte(one)
		}
		return joined(bodies, number, total), nil
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
