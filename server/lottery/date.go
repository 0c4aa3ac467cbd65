package lottery

import (
	"fmt"
	"time"
)

// Date is a day of the proleptic Gregorian calendar. It has no time zone, so
// nothing can move it.
type Date struct {
	Year  uint16
	Month uint8
	Day   uint8
}

// Valid tells whether the day exists, in the years 1 to 9999 that Python's
// datetime.date knows.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= 1 && d.Month <= 12 &&
		d.Day >= 1 && d.Day <= d.daysInMonth()
}

func (d Date) daysInMonth() uint8 {
	switch time.Month(d.Month) {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if d.Year%4 == 0 && (d.Year%100 != 0 || d.Year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// String gives the ISO 8601 form, YYYY-MM-DD.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}
