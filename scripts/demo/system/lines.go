package system

import (
	"bytes"
	"strconv"
)

// Received reads the server's line about a stored batch: which agency sent it,
// and how many bets it added.
func Received(line []byte) (agency, bets int, ok bool) {
	if !bytes.Contains(line, []byte("action: apuesta_recibida | result: success |")) {
		return 0, 0, false
	}
	agency, agencyOK := value(line, " | agencia: ")
	bets, betsOK := value(line, " | cantidad: ")
	return agency, bets, agencyOK && betsOK
}

// Winners reads the client's line about its winners.
func Winners(line []byte) (winners int, ok bool) {
	if !bytes.Contains(line, []byte("action: consulta_ganadores | result: success |")) {
		return 0, false
	}
	return value(line, " | cant_ganadores: ")
}

// value is the integer that follows a key.
func value(line []byte, key string) (int, bool) {
	_, after, found := bytes.Cut(line, []byte(key))
	if !found {
		return 0, false
	}
	text, _, _ := bytes.Cut(after, []byte(" | "))
	n, err := strconv.Atoi(string(text))
	return n, err == nil
}
