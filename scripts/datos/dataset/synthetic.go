package dataset

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// winningNumber is the number that wins the draw.
const winningNumber = 7574

// Size is how many bets a data file holds, and how many of them win.
type Size struct {
	Bets    int
	Winners int
}

// official are the sizes of the course's five files.
var official = []Size{{26936, 2}, {25518, 3}, {16014, 3}, {9238, 2}, {991, 0}}

// SyntheticSize gives the size of an agency's synthetic file: the course's for
// the first five agencies, and drawn from the seed for the others.
func SyntheticSize(agency int, seed uint64) Size {
	if agency <= len(official) {
		return official[agency-1]
	}
	r := random(agency, seed, 's')
	return Size{Bets: 500 + r.IntN(2501), Winners: r.IntN(4)}
}

// random is the source of an agency's numbers. It depends on nothing else, so
// that the number of agencies does not change what a file holds.
func random(agency int, seed uint64, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(agency)<<8|purpose))
}

// WriteSynthetic writes an agency's bets as the agencies' files hold them:
// first_name,last_name,document,birthdate,number, UTF-8, rows ending \r\n.
func WriteSynthetic(w io.Writer, agency int, seed uint64) (Size, error) {
	size := SyntheticSize(agency, seed)
	out := bufio.NewWriterSize(w, 64<<10)
	r := random(agency, seed, 'b')
	winning := pick(r, size.Bets, size.Winners)
	row := make([]byte, 0, 128)
	for i := range size.Bets {
		row = appendRow(row[:0], r, document(agency, i, seed), winning[i])
		if _, err := out.Write(row); err != nil {
			return Size{}, fmt.Errorf("escribir las apuestas: %w", err)
		}
	}
	return size, out.Flush()
}

// pick chooses k of the first n integers.
func pick(r *rand.Rand, n, k int) map[int]bool {
	chosen := make(map[int]bool, k)
	for len(chosen) < k {
		chosen[r.IntN(n)] = true
	}
	return chosen
}

func appendRow(row []byte, r *rand.Rand, document int, wins bool) []byte {
	names := women
	if r.IntN(2) == 0 {
		names = men
	}
	first := r.IntN(len(names))
	row = append(row, names[first]...)
	if r.IntN(4) < 3 { // three in four have a second name, another one
		row = append(row, ' ')
		row = append(row, names[(first+1+r.IntN(len(names)-1))%len(names)]...)
	}
	row = append(row, ',')
	row = append(row, surnames[r.IntN(len(surnames))]...)
	row = append(row, ',')
	row = strconv.AppendInt(row, int64(document), 10)
	row = append(row, ',')
	row = birthdate(r).AppendFormat(row, time.DateOnly)
	row = append(row, ',')
	row = strconv.AppendInt(row, int64(number(r, wins)), 10)
	return append(row, "\r\n"...)
}

// document gives every bet of every agency (the first few hundred of them) a
// document of its own: steps of a fixed stride through a prime number of
// documents meet each once.
func document(agency, row int, seed uint64) int {
	const (
		first  = 20_000_000
		count  = 24_999_983 // prime
		stride = 9_262_231
		block  = 50_000 // documents kept for each agency
	)
	i := uint64(agency-1)*block + uint64(row) + seed%count
	return first + int(i%count*stride%count)
}

// birthdate is a day that makes the player an adult.
func birthdate(r *rand.Rand) time.Time {
	oldest := time.Date(1945, 1, 1, 0, 0, 0, 0, time.UTC)
	const days = 61 * 365
	return oldest.AddDate(0, 0, r.IntN(days))
}

// number is the number bet on, from 0 to 9999.
func number(r *rand.Rand, wins bool) int {
	if wins {
		return winningNumber
	}
	n := r.IntN(9999)
	if n >= winningNumber {
		n++
	}
	return n
}
