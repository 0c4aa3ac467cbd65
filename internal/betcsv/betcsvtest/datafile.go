package betcsvtest

import (
	"fmt"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Numbered makes n different bets of agency 1, whose rows need quotes.
func Numbered(n int) []lottery.Bet {
	bets := make([]lottery.Bet, n)
	for i := range bets {
		bets[i] = lottery.Bet{
			Agency: 1, FirstName: fmt.Sprintf(`Ana "%d"`, i), LastName: "Paz, hija", Document: fmt.Sprintf("%08d", i),
			Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: int64(i),
		}
	}
	return bets
}

// DataFile writes bets as a data file holds them.
func DataFile(bets []lottery.Bet, lineEnd string) string {
	quote := func(s string) string {
		if strings.ContainsAny(s, `",`) {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	var b strings.Builder
	for i := range bets {
		d := bets[i].Birthdate
		fmt.Fprintf(&b, "%s,%s,%s,%04d-%02d-%02d,%d%s", quote(bets[i].FirstName), quote(bets[i].LastName),
			quote(bets[i].Document), d.Year, d.Month, d.Day, bets[i].Number, lineEnd)
	}
	return b.String()
}
