//go:build linux && amd64

// Command peers is this project's side of make bench-peers: it runs one workload of peers.py on inputs that peers.py has
// written, and prints a JSON line a measurement, as the other libraries' processes do.
//
// Usage: peers '["W1", {"peer": "wflowlab AVX-512", "dtype": "f32", ...}]'
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// config is what peers.py asks for.
type config struct {
	Name, Peer, Dtype string
	Inputs            string   // the folder of inputs
	Sizes             [][2]int // N and d
	Budget            float64  // seconds that a measurement may take
	Threads           int
	Rel               float64 // ε as a share of the mean cost
	Steps             int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("peers: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: peers '[WORKLOAD, CONFIG]', as peers.py calls it")
	}
	var kind string
	c := config{}
	if err := json.Unmarshal([]byte(os.Args[1]), &[]any{&kind, &c}); err != nil {
		log.Fatal(err)
	}
	if c.Name == "" {
		c.Name = kind
	}
	if c.Threads > 0 {
		runtime.GOMAXPROCS(c.Threads)
	}
	workload, ok := workloads[kind]
	if !ok {
		log.Fatalf("no workload %q", kind)
	}
	workload(c)
}

// emit prints one measurement.
func (c config) emit(n, d int, metric string, value any) {
	line, err := json.Marshal([]any{c.Name, c.Peer, n, d, c.Dtype, metric, value})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

// timed runs do until the budget is spent, three times at least, and returns the shortest time and the cores kept busy.
func (c config) timed(do func()) (seconds, cores float64) {
	spent := 0.0
	for k := 0; k < 3 || spent < c.Budget; k++ {
		used, start := processorTime(), time.Now()
		do()
		t := time.Since(start).Seconds()
		if k == 0 || t < seconds {
			seconds, cores = t, (processorTime()-used)/t
		}
		spent += t
	}
	return seconds, cores
}

func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// resetPeak makes peak start from now.
func resetPeak() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak returns the process's largest resident memory in MB.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		var kB float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f", &kB); err == nil {
			return kB / 1024
		}
	}
	return 0
}
