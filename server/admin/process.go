package admin

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// started is when the process began, but for the time that it took to load.
var started = time.Now()

// clockTicks is how many ticks of processor time Linux shows a second.
const clockTicks = 100

// collectProcess returns what the operating system and Go's runtime know of the
// process. What /proc does not tell is left out, so on other systems than Linux
// most of it.
func collectProcess() []Metric {
	metrics := []Metric{
		NewMetric(Gauge, "go_goroutines", "Goroutines that exist.", float64(runtime.NumGoroutine())),
		NewMetric(Gauge, "process_start_time_seconds", "When the process started, in seconds since 1970.",
			float64(started.UnixMilli())/1000),
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		metrics = append(metrics, NewMetric(Gauge, "process_open_fds", "Open file descriptors.", float64(len(open))))
	}
	if most, ok := field("/proc/self/limits", "Max open files", 0); ok {
		metrics = append(metrics, NewMetric(Gauge, "process_max_fds", "Most file descriptors that may be open.", most))
	}
	const afterName = ")" // the name of the program, in parentheses, may hold spaces
	user, ok := field("/proc/self/stat", afterName, 11)
	system, ok2 := field("/proc/self/stat", afterName, 12)
	if ok && ok2 {
		metrics = append(metrics, NewMetric(Counter, "process_cpu_seconds_total", "Processor time used.", (user+system)/clockTicks))
	}
	if virtual, ok := field("/proc/self/stat", afterName, 20); ok {
		metrics = append(metrics, NewMetric(Gauge, "process_virtual_memory_bytes", "Address space.", virtual))
	}
	if pages, ok := field("/proc/self/stat", afterName, 21); ok {
		metrics = append(metrics, NewMetric(Gauge, "process_resident_memory_bytes", "Memory in use.", pages*float64(os.Getpagesize())))
	}
	return metrics
}

// field returns the number in one of the columns, from 0, after the last place
// where a file holds a text.
func field(path, text string, column int) (number float64, ok bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	at := strings.LastIndex(string(content), text)
	if at < 0 {
		return 0, false
	}
	columns := strings.Fields(string(content[at+len(text):]))
	if column >= len(columns) {
		return 0, false
	}
	number, err = strconv.ParseFloat(columns[column], 64)
	return number, err == nil
}
