package admin

import (
	"bytes"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEncodeMetrics(t *testing.T) {
	var took Histogram
	for _, d := range []time.Duration{0, 250 * time.Microsecond, 3 * time.Millisecond, time.Minute} {
		took.Observe(d)
	}
	text := string(encodeMetrics([]Metric{
		NewVector(Counter, "b_total", "With \\ and\nbreaks.", "reason", map[string]uint64{"b \"q\" \\ \n": 2, "a": 1}),
		NewMetric(Gauge, "a", "First.", 0.25),
		{Name: "none", Help: "Not shown.", Type: Gauge},
		took.Metric("c_seconds", "Time."),
	}))
	want := `# HELP a First.
# TYPE a gauge
a 0.25
# HELP b_total With \\ and\nbreaks.
# TYPE b_total counter
b_total{reason="a"} 1
b_total{reason="b \"q\" \\ \n"} 2
# HELP c_seconds Time.
# TYPE c_seconds histogram
c_seconds_bucket{le="0.00025"} 2
`
	if !strings.HasPrefix(text, want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	for _, line := range []string{`c_seconds_bucket{le="0.0025"} 2`, `c_seconds_bucket{le="0.005"} 3`, `c_seconds_bucket{le="10"} 3`,
		`c_seconds_bucket{le="+Inf"} 4`, `c_seconds_sum 60.00325`, `c_seconds_count 4`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

// Before the central is ready only what is known then is shown, and winners only
// after their release.
func TestMetrics(t *testing.T) {
	r := serve(t, Options{Expected: 3})
	r.Collect(func() []Metric { return []Metric{NewMetric(Counter, "lottery_more_total", "More.", 7)} })
	read := func() string {
		t.Helper()
		response, text := r.get(t, "/metrics", "")
		if got := response.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
			t.Errorf("type %q", got)
		}
		promtool(t, text)
		return text
	}
	has := func(text string, want bool, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if found := regexp.MustCompile("(?m)^" + line).MatchString(text); found != want {
				t.Errorf("%s: found %v, want %v in\n%s", line, found, want, text)
			}
		}
	}
	recovering := read()
	has(recovering, true, `lottery_build_info\{goversion="go.+",revision=".+",version=".+"\} 1$`, `lottery_agencies_expected 3$`,
		`lottery_more_total 7$`, `go_goroutines [1-9]`, `process_start_time_seconds 1\.\d+e\+09$`)
	has(recovering, false, "lottery_bets_stored_total", "lottery_winners", "lottery_draw_held")
	source := new(fakeSource)
	source.set(Lottery{Agencies: []Agency{{ID: 1, Stored: 26936, Finished: true, Winners: 2}, {ID: 2, Stored: 5}}, Missing: 2}, errors.New("x"))
	r.Watch(source)
	uploading := read()
	has(uploading, true, `lottery_bets_stored_total\{agency="1"\} 26936$`, `lottery_bets_stored_total\{agency="2"\} 5$`,
		`lottery_agencies_finished 1$`, `lottery_draw_held 0$`, `lottery_storage_failing 1$`)
	has(uploading, false, "lottery_winners")
	source.set(Lottery{Agencies: []Agency{{ID: 1, Finished: true, Winners: 2}}, Drawn: true}, nil)
	has(read(), true, `lottery_draw_held 1$`, `lottery_winners 2$`, `lottery_storage_failing 0$`)
}

// promtool complains of nothing, where it is installed.
func promtool(t *testing.T, text string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		return // scripts/test.sh says so
	}
	check := exec.CommandContext(t.Context(), path, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if said, err := check.CombinedOutput(); err != nil || len(bytes.TrimSpace(said)) > 0 {
		t.Errorf("promtool: %v\n%s", err, said)
	}
}

func TestProcess(t *testing.T) {
	if _, ok := field("/proc/self/stat", ")", 0); ok {
		t.Error("the state of the process was read as a number")
	}
	if _, ok := field("/proc/self/none", "", 0); ok {
		t.Error("a file that does not exist was read")
	}
	values := make(map[string]float64)
	for _, m := range collectProcess() {
		values[m.Name] = m.Samples[0].Value
	}
	if _, linux := values["process_open_fds"]; !linux {
		t.Skip("there is no /proc")
	}
	if values["process_open_fds"] < 3 || values["process_max_fds"] < values["process_open_fds"] ||
		values["process_resident_memory_bytes"] < 1<<20 || values["process_virtual_memory_bytes"] < values["process_resident_memory_bytes"] ||
		values["process_cpu_seconds_total"] > 3600 {
		t.Errorf("%v", values)
	}
}
