package admin

import (
	"strconv"
	"sync/atomic"
	"time"
)

// commitBounds are the upper bounds of the buckets of a Histogram.
var commitBounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Histogram counts durations of disk writes and the like, from less than a
// millisecond to seconds. The zero value is empty. Its methods may be called by any
// goroutine.
type Histogram struct {
	buckets [len(commitBounds) + 1]atomic.Uint64 // the last is for what is above all bounds
	sum     atomic.Int64                         // nanoseconds
}

// Observe counts a duration.
func (h *Histogram) Observe(d time.Duration) {
	bucket := 0
	for bucket < len(commitBounds) && d > commitBounds[bucket] {
		bucket++
	}
	h.buckets[bucket].Add(1)
	h.sum.Add(int64(d))
}

// Metric returns the histogram under a name, which should end in _seconds.
func (h *Histogram) Metric(name, help string) Metric {
	m := Metric{Name: name, Help: help, Type: histogram}
	total := uint64(0)
	for i := range h.buckets {
		total += h.buckets[i].Load()
		bound := "+Inf"
		if i < len(commitBounds) {
			bound = strconv.FormatFloat(commitBounds[i].Seconds(), 'g', -1, 64)
		}
		m.Samples = append(m.Samples, Sample{suffix: "_bucket", Labels: []Label{{"le", bound}}, Value: float64(total)})
	}
	m.Samples = append(m.Samples,
		Sample{suffix: "_sum", Value: time.Duration(h.sum.Load()).Seconds()},
		Sample{suffix: "_count", Value: float64(total)})
	return m
}
