package protocol

import "fmt"

// appendString appends a string to dst. It fails with ErrTooLong if the string is longer
// than MaxString. name is the name of its field, for the error.
func appendString(dst []byte, name, s string) ([]byte, error) {
	if len(s) > MaxString {
		return dst, tooLong(name, len(s))
	}
	return appendShort(dst, s), nil
}

// appendShort appends a string of at most MaxString bytes to dst.
func appendShort(dst []byte, s string) []byte {
	return append(append(dst, byte(len(s))), s...)
}

// tooLong returns the error of a string that is longer than MaxString.
func tooLong(name string, size int) error {
	return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrTooLong, name, size, MaxString)
}
