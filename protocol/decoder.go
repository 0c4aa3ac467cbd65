package protocol

import "fmt"

// decoder takes values off the front of a payload. After a failure all
// its methods return zero values; check the error once, with end.
type decoder struct {
	rest []byte
	text string // copy of rest at the first string; all strings are parts of it
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = nil
}

// take gives the next n bytes, or nil if there are not so many.
func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.short(n)
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) short(n int) { d.fail("%d bytes where %d more are due", len(d.rest), n) }

func (d *decoder) uint8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return be.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return be.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return be.Uint64(b)
	}
	return 0
}

// string takes a string. All strings of a payload are parts of one.
func (d *decoder) string() string {
	if d.text == "" {
		d.text = string(d.rest)
	}
	rest := d.text[len(d.text)-len(d.rest):]
	if rest == "" || len(rest) <= int(rest[0]) {
		d.fail("%d bytes where a string is due", len(rest))
		return ""
	}
	size := 1 + int(rest[0])
	d.rest = d.rest[size:]
	return rest[1:size]
}

// end reports the first failure, or bytes that are left over.
func (d *decoder) end(t Type) error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes left over", len(d.rest))
	}
	if d.err != nil {
		return fmt.Errorf("%w: %v: %v", ErrMalformed, t, d.err)
	}
	return nil
}

func appendString(dst []byte, name, s string) ([]byte, error) {
	if len(s) > MaxString {
		return dst, tooLong(name, len(s))
	}
	return appendShort(dst, s), nil
}

// appendShort appends a string that is known not to be too long.
func appendShort(dst []byte, s string) []byte {
	return append(append(dst, byte(len(s))), s...)
}

func tooLong(name string, size int) error {
	return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrTooLong, name, size, MaxString)
}
