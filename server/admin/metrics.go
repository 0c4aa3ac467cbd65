package admin

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Type is the type of a metric.
type Type string

// The types of metrics.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	histogram Type = "histogram"
)

// Metric is a measurement under one name, with a sample for each set of labels. It
// is not shown if it has no samples.
type Metric struct {
	Name    string // as it is shown, with its prefix and its unit
	Help    string // one line
	Type    Type
	Samples []Sample
}

// Sample is one value of a metric.
type Sample struct {
	Labels []Label
	Value  float64

	suffix string // of the metric's name; set only in a histogram
}

// Label tells a sample from the others of its metric.
type Label struct{ Name, Value string }

// Collector returns metrics when somebody reads them. It may be called by any
// goroutine, and returns soon. No two collectors return the same name.
type Collector func() []Metric

// NewMetric returns a metric with a single sample, without labels.
func NewMetric(kind Type, name, help string, value float64) Metric {
	return Metric{Name: name, Help: help, Type: kind, Samples: []Sample{{Value: value}}}
}

// NewVector returns a metric with one label and a sample for each of its values.
func NewVector[N uint64 | int64 | float64](kind Type, name, help, label string, values map[string]N) Metric {
	m := Metric{Name: name, Help: help, Type: kind}
	for value, n := range values {
		m.Samples = append(m.Samples, Sample{Labels: []Label{{label, value}}, Value: float64(n)})
	}
	slices.SortFunc(m.Samples, func(a, b Sample) int { return cmp.Compare(a.Labels[0].Value, b.Labels[0].Value) })
	return m
}

// Collect adds a collector of further metrics.
func (s *Server) Collect(collector Collector) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collectors = append(s.collectors, collector)
}

func (s *Server) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	collectors := slices.Clone(s.collectors)
	s.mu.Unlock()
	var metrics []Metric
	for _, collect := range collectors {
		metrics = append(metrics, collect()...)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(encodeMetrics(metrics)) // the reader may have gone
}

// encodeMetrics writes metrics in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/), ordered by name.
func encodeMetrics(metrics []Metric) []byte {
	slices.SortFunc(metrics, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	var text bytes.Buffer
	for _, m := range metrics {
		if len(m.Samples) == 0 {
			continue
		}
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", m.Name, helpEscapes.Replace(m.Help), m.Name, m.Type)
		for _, sample := range m.Samples {
			text.WriteString(m.Name + sample.suffix)
			for i, label := range sample.Labels {
				text.WriteByte("{,"[min(i, 1)])
				text.WriteString(label.Name + `="` + labelEscapes.Replace(label.Value) + `"`)
			}
			if len(sample.Labels) > 0 {
				text.WriteByte('}')
			}
			text.WriteString(" " + strconv.FormatFloat(sample.Value, 'g', -1, 64) + "\n")
		}
	}
	return text.Bytes()
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// collectLottery returns the metrics of what the board shows too.
func (s *Server) collectLottery() []Metric {
	metrics := []Metric{
		buildInfo(),
		NewMetric(Gauge, "lottery_agencies_expected", "Agencies for which the draw waits.", float64(s.options.Expected)),
	}
	source := s.source.Load()
	if source == nil {
		return metrics
	}
	l := (*source).Lottery()
	stored := Metric{Name: "lottery_bets_stored_total", Help: "Bets stored, also before this start.", Type: Counter}
	for _, a := range l.Agencies {
		id := strconv.FormatUint(uint64(a.ID), 10)
		stored.Samples = append(stored.Samples, Sample{Labels: []Label{{"agency", id}}, Value: float64(a.Stored)})
	}
	metrics = append(metrics, stored,
		NewMetric(Gauge, "lottery_agencies_finished", "Agencies that have no more bets.", float64(s.options.Expected-l.Missing)),
		NewMetric(Gauge, "lottery_draw_held", "1 after the release of the draw's results.", oneIf(l.Drawn)),
		NewMetric(Gauge, "lottery_storage_failing", "1 while nothing can be stored: from a write that failed until one succeeds, or while the log does not answer.", oneIf((*source).Storage() != nil)))
	if l.Drawn {
		metrics = append(metrics, NewMetric(Gauge, "lottery_winners", "Bets that have won; shown after the release.", float64(l.winners())))
	}
	return metrics
}

// buildInfo says in labels from what the program was built.
func buildInfo() Metric {
	labels := []Label{{"goversion", runtime.Version()}, {"revision", "unknown"}, {"version", "unknown"}}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels[2].Value = cmp.Or(info.Main.Version, "unknown")
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels[1].Value = setting.Value
			}
		}
	}
	return Metric{Name: "lottery_build_info", Help: "The build of the program, in labels.", Type: Gauge,
		Samples: []Sample{{Labels: labels, Value: 1}}}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
