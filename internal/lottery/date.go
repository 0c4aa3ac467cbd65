package lottery

import (
	"fmt"
	"time"
)

// Date is a day of the proleptic Gregorian calendar, without a time zone.
type Date struct {
	Year  uint16
	Month uint8
	Day   uint8
}

const dateSize = len("YYYY-MM-DD")

// ParseDate parses a day in the form YYYY-MM-DD (ISO 8601). It fails if the text has
// another form, or if the day does not exist.
func ParseDate(s string) (Date, error) {
	if len(s) == dateSize && s[4] == '-' && s[7] == '-' {
		century, year := twoDigits(s[0], s[1]), twoDigits(s[2], s[3])
		month, day := twoDigits(s[5], s[6]), twoDigits(s[8], s[9])
		d := Date{Year: 100*uint16(century) + uint16(year), Month: month, Day: day}
		if max(century, year) < noDigits && d.Valid() {
			return d, nil
		}
	}
	return Date{}, fmt.Errorf("%.40q is no day in the form YYYY-MM-DD", s)
}

// noDigits is the result of twoDigits for anything but two digits. It is no valid month
// or day.
const noDigits = 100

func twoDigits(tens, ones byte) uint8 {
	tens, ones = tens-'0', ones-'0' // below '0' they wrap around
	if tens > 9 || ones > 9 {
		return noDigits
	}
	return 10*tens + ones
}

// Valid returns whether the day exists. The year must be from 1 to 9999, as in Python's
// datetime.date.
func (d Date) Valid() bool {
	const inEveryMonth = 28
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= 1 && d.Month <= 12 &&
		d.Day >= 1 && (d.Day <= inEveryMonth || d.Day <= d.daysInMonth())
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

// String returns the ISO 8601 form, YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Append appends the ISO 8601 form of a valid day, YYYY-MM-DD, to dst.
func (d Date) Append(dst []byte) []byte {
	// Divisions of uint8 are faster. This runs for every stored bet.
	century, year := uint8(d.Year/100), uint8(d.Year%100)
	return append(dst,
		'0'+century/10, '0'+century%10, '0'+year/10, '0'+year%10, '-',
		'0'+d.Month/10, '0'+d.Month%10, '-',
		'0'+d.Day/10, '0'+d.Day%10)
}
