package protocol

import "fmt"

// decoder takes values off the front of a payload. After a failure all its methods
// return zero values. So a caller checks the error only once, with end.
type decoder struct {
	rest string // of one copy of the payload; the strings taken are parts of it
	err  error
}

func newDecoder(payload []byte) decoder { return decoder{rest: string(payload)} }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = ""
}

// zeros are the bytes that take returns after a failure.
const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// take returns the next n bytes, or zeros if there are not so many. n is at most
// len(zeros).
func (d *decoder) take(n int) string {
	if n > len(d.rest) {
		d.fail("%d bytes where %d more are due", len(d.rest), n)
		return zeros
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) uint8() uint8 { return d.take(1)[0] }

func (d *decoder) uint16() uint16 { return uint16At(d.take(2)) }

func (d *decoder) uint32() uint32 {
	s := d.take(4)
	return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
}

func (d *decoder) uint64() uint64 { return uint64At(d.take(8)) }

func uint16At(s string) uint16 { return uint16(s[0])<<8 | uint16(s[1]) }

func uint64At(s string) uint64 {
	_ = s[7]
	return uint64(s[0])<<56 | uint64(s[1])<<48 | uint64(s[2])<<40 | uint64(s[3])<<32 |
		uint64(s[4])<<24 | uint64(s[5])<<16 | uint64(s[6])<<8 | uint64(s[7])
}

// string returns the next string.
func (d *decoder) string() string {
	if d.rest == "" || len(d.rest) <= int(d.rest[0]) {
		d.fail("%d bytes where a string is due", len(d.rest))
		return ""
	}
	end := 1 + int(d.rest[0])
	taken := d.rest[1:end]
	d.rest = d.rest[end:]
	return taken
}

// end is called after the last value. It returns the first failure, or an error if bytes
// are left over.
func (d *decoder) end(t Type) error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes left over", len(d.rest))
	}
	if d.err != nil {
		return fmt.Errorf("%w: %v: %v", ErrMalformed, t, d.err)
	}
	return nil
}
