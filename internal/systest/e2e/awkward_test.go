package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

var awkwardNames = []string{
	`Juan "el Pibe"`, `"`, `""`, `,`, `,"`, `","`, "Pérez, hijo", "Íñigo", "李小龍", "ブルース・リー", "Ñandú", " con espacios ",
	"'", `\`, `\n`, "a|b", "action: sorteo | result: success", "\u2028", "e\u0301", "😀", "", ";", "#", "=1+1", "\t", "\ufeff",
	strings.Repeat("x", 255), strings.Repeat("ñ", 127), strings.Repeat(`"`, 255), strings.Repeat("李", 85), "\x1b[31m", "\v\f\x7f",
}

// awkward makes n rows of an agency, the same each time, out of names that are
// hard to quote, to cut or to log. Some of them win.
func awkward(id, n int) [][]string {
	random := rand.New(rand.NewPCG(uint64(id), 7574))
	name := func() string { return awkwardNames[random.IntN(len(awkwardNames))] }
	rows := make([][]string, n)
	for i := range rows {
		number := strconv.FormatInt(int64(random.Uint64()), 10)
		if random.IntN(25) == 0 {
			number = "7574"
		}
		day := fmt.Sprintf("%04d-%02d-%02d", 1+random.IntN(9999), 1+random.IntN(12), 1+random.IntN(28))
		// The document makes the row unlike any other.
		rows[i] = []string{name(), name(), fmt.Sprintf("%08d", i), day, number}
	}
	if n > 0 {
		rows[0][0] = "not a mark" // one at the start of a file is not its text
	}
	return rows
}
