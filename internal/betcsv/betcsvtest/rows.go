// Package betcsvtest has rows of bets.csv for tests.
package betcsvtest

import "github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"

// Bet makes a bet with the birthdate 1999-03-17.
func Bet(agency lottery.AgencyID, first, last, document string, number int64) lottery.Bet {
	return lottery.Bet{Agency: agency, FirstName: first, LastName: last, Document: document,
		Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: number}
}

// Rows are bets and the bytes that Python's csv.writer makes of them.
var Rows = []struct {
	Bet lottery.Bet
	Row string
}{
	{Bet(1, "Santiago Lionel", "Lorca", "30904465", 2201), "1,Santiago Lionel,Lorca,30904465,1999-03-17,2201\r\n"},
	{Bet(5, "María José", "Núñez", "01234567", 7574), "5,María José,Núñez,01234567,1999-03-17,7574\r\n"},
	{Bet(1, "", "", "", 0), "1,,,,1999-03-17,0\r\n"},
	{Bet(1, " Ana ", "\tPaz", "#1", 1), "1, Ana ,\tPaz,#1,1999-03-17,1\r\n"},
	{Bet(1, "a;b|c", "O'Hara", `\`, 1), "1,a;b|c,O'Hara,\\,1999-03-17,1\r\n"},
	{Bet(1, "a,b", ",", ",,", 1), "1,\"a,b\",\",\",\",,\",1999-03-17,1\r\n"},
	{Bet(1, `"`, `""`, `Juan "El Loco"`, 1), "1,\"\"\"\",\"\"\"\"\"\",\"Juan \"\"El Loco\"\"\",1999-03-17,1\r\n"},
	{Bet(1, "a\nb", "c", "1", 1), "1,\"a\nb\",c,1,1999-03-17,1\r\n"},
	{Bet(1, "a", "b\rc", "1", 1), "1,a,\"b\rc\",1,1999-03-17,1\r\n"},
	{Bet(1, "a\nb", "a\rb", "\r\n", 1), "1,\"a\nb\",\"a\rb\",\"\r\n\",1999-03-17,1\r\n"},
	{Bet(1, "李", "\u2028\u0085", "\ufeff", 1), "1,李,\u2028\u0085,\ufeff,1999-03-17,1\r\n"},
	{Bet(4294967295, "a", "b", "c", -9223372036854775808), "4294967295,a,b,c,1999-03-17,-9223372036854775808\r\n"},
	{Bet(1, "a", "b", "c", 9223372036854775807), "1,a,b,c,1999-03-17,9223372036854775807\r\n"},
	{lottery.Bet{Agency: 2, Birthdate: lottery.Date{Year: 1, Month: 1, Day: 1}}, "2,,,,0001-01-01,0\r\n"},
	{lottery.Bet{Agency: 2, Birthdate: lottery.Date{Year: 2000, Month: 2, Day: 29}}, "2,,,,2000-02-29,0\r\n"},
}

// GoodRow is a row of bets.csv.
const GoodRow = "1,Ana,Paz,12,1999-03-17,7\r\n"

// Damaged are rows that no crash leaves, and what their error says.
var Damaged = map[string]string{
	"\r\n":                                            "1 fields, expected 6",
	"1,Ana,Paz,12,1999-03-17\r\n":                     "5 fields",
	"1,Ana,Paz,12,1999-03-17,7,8\r\n":                 "7 fields",
	"1,\"Ana\",Paz,12,1999-03-17\r\n":                 "5 fields",
	"1,\"A\",Paz,12,1999-03-17,7,8\r\n":               "7 fields",
	"0,Ana,Paz,12,1999-03-17,7\r\n":                   "agency",
	"-1,Ana,Paz,12,1999-03-17,7\r\n":                  "agency",
	"x,Ana,Paz,12,1999-03-17,7\r\n":                   "agency",
	"4294967296,A,P,12,1999-03-17,7\n":                "agency",
	"1,Ana,Paz,12,1999-02-29,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-3-17,7\r\n":                    "birthdate",
	"1,Ana,Paz,12,19990317,7\r\n":                     "birthdate",
	"1,Ana,Paz,12,0000-03-17,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-03-1x,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-03-17,\r\n":                    "number",
	"1,Ana,Paz,12,1999-03-17,7.0\r\n":                 "number",
	"1,Ana,Paz,12,1999-03-17, 7\r\n":                  "number",
	"1,Ana,Paz,12,1999-03-17,9223372036854775808\r\n": "number",
	"1,A\x00a,Paz,12,1999-03-17,7\r\n":                "NUL",
	"1,\"A\x00\",Paz,12,1999-03-17,7\r\n":             "NUL",
	"1,A\xffa,Paz,12,1999-03-17,7\r\n":                "UTF-8",
	"1,A\ra,Paz,12,1999-03-17,7\r\n":                  `\r`,
	"1,\"A\"\ra,Paz,12,1999-03-17,7\r\n":              `\r`,
	"1,Ana,Paz,12,1999-03-17,7\r\r\n":                 `\r`,
	"\ufeff1,Ana,Paz,12,1999-03-17,7\r\n":             "agency",
}
