package store

import (
	"io"
	"sort"
)

// mark is where a row begins. Only who has followed the file's quotes from its
// start knows such places.
type mark struct {
	offset int64
	rows   uint64 // before it
}

// markEvery is how far marks lie apart, in bytes, at least. They can lie as far
// apart as what is written at once is long.
const markEvery = 256 << 10

// addMark remembers that a row begins there, if no other does nearby.
func addMark(marks []mark, next mark) []mark {
	last := int64(0)
	if len(marks) > 0 {
		last = marks[len(marks)-1].offset
	}
	if next.offset-last < markEvery {
		return marks
	}
	return append(marks, next)
}

// part is a range of whole rows.
type part struct{ begin, end mark }

// open reads the part from the file.
func (p part) open(file io.ReaderAt) io.Reader {
	return io.NewSectionReader(file, p.begin.offset, p.end.offset-p.begin.offset)
}

// parts cuts what is durable into n parts, of about the same size if that is
// large.
func (s *Store) parts(n int) []part {
	s.mu.Lock()
	end, marks := mark{s.size, s.bets}, s.marks
	s.mu.Unlock()
	parts := make([]part, n)
	begin := mark{}
	for i := range parts {
		next := end
		if i < n-1 {
			next = markBehind(marks, end.offset/int64(n)*int64(i+1), begin)
		}
		parts[i] = part{begin, next}
		begin = next
	}
	return parts
}

// markBehind returns the first mark that is not before an offset, else the
// given one.
func markBehind(marks []mark, offset int64, otherwise mark) mark {
	at := sort.Search(len(marks), func(i int) bool { return marks[i].offset >= offset })
	if at == len(marks) {
		return otherwise
	}
	return marks[at]
}
