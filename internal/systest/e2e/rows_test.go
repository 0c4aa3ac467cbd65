package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

var difficultNames = []string{
	`Juan "el Pibe"`, `"`, `""`, `,`, `,"`, `","`, "Pérez, hijo", "Íñigo", "李小龍", "ブルース・リー", "Ñandú", " con espacios ",
	"'", `\`, `\n`, "a|b", "action: sorteo | result: success", "\u2028", "e\u0301", "😀", "", ";", "#", "=1+1", "\t", "\ufeff",
	strings.Repeat("x", 255), strings.Repeat("ñ", 127), strings.Repeat(`"`, 255), strings.Repeat("李", 85), "\x1b[31m", "\v\f\x7f",
}

// difficultRows makes n rows for an agency, the same at each call. The names are difficult
// to quote, to split or to log. Some rows win.
func difficultRows(id, n int) [][]string {
	random := rand.New(rand.NewPCG(uint64(id), 7574))
	name := func() string { return difficultNames[random.IntN(len(difficultNames))] }
	rows := make([][]string, n)
	for i := range rows {
		number := strconv.FormatInt(int64(random.Uint64()), 10)
		if random.IntN(25) == 0 {
			number = "7574"
		}
		day := fmt.Sprintf("%04d-%02d-%02d", 1+random.IntN(9999), 1+random.IntN(12), 1+random.IntN(28))
		// The document makes each row different from the others.
		rows[i] = []string{name(), name(), fmt.Sprintf("%08d", i), day, number}
	}
	if n > 0 {
		rows[0][0] = "no byte order mark" // a reader drops it at the start of a file
	}
	return rows
}

// plainRows makes n rows for an agency. One in ten wins.
func plainRows(id, n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		number := 10*i + id
		if i%10 == 3 {
			number = 7574
		}
		rows[i] = []string{fmt.Sprintf("Ana %d", i), "Paz", fmt.Sprintf("%04d%04d", id, i), "1999-03-17", strconv.Itoa(number)}
	}
	return rows
}
