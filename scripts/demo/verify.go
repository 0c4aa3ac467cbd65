package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// inputs are the data files of all agencies. Each is read row by row together with
// that agency's rows in bets.csv.
type inputs map[int]*csv.Reader

// verify fails unless bets.csv holds every agency's rows, in the order of its file,
// and nothing else, and unless each agency was told as many winners as its file has.
func verify(storage string, agencies []*agency) error {
	expected := inputs{}
	for _, a := range agencies {
		if a.winners != a.Winners {
			return fmt.Errorf("la agencia %d recibió %d ganadores y tiene %d", a.Agency, a.winners, a.Winners)
		}
		f, err := os.Open(a.Path)
		if err != nil {
			return err
		}
		defer f.Close()
		expected[a.Agency] = csv.NewReader(f)
		expected[a.Agency].ReuseRecord = true
	}
	f, err := os.Open(storage)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := expected.consume(f); err != nil {
		return fmt.Errorf("bets.csv: %w", err)
	}
	for _, a := range agencies {
		if row, err := expected[a.Agency].Read(); err != io.EOF {
			return fmt.Errorf("bets.csv: falta la apuesta %q de la agencia %d, o más (%v)", row, a.Agency, err)
		}
	}
	return nil
}

// consume compares each row of bets.csv with the next row of its agency's file.
func (in inputs) consume(bets io.Reader) error {
	stored := csv.NewReader(bets)
	stored.FieldsPerRecord = 6
	stored.ReuseRecord = true
	for {
		row, err := stored.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := stored.FieldPos(0)
		id, err := strconv.Atoi(row[0])
		input := in[id]
		if err != nil || input == nil {
			return fmt.Errorf("línea %d: no hay una agencia %q", line, row[0])
		}
		want, err := input.Read()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("línea %d: %q está de más", line, row)
		}
		if err != nil {
			return err
		}
		if !sameBet(row[1:], want) {
			return fmt.Errorf("línea %d: es %q y la agencia %d envió %q", line, row[1:], id, want)
		}
	}
}

// sameBet compares the fields as text, and the number as an integer.
func sameBet(stored, sent []string) bool {
	if len(stored) != 5 || len(sent) != 5 {
		return false
	}
	for i := range 4 {
		if stored[i] != sent[i] {
			return false
		}
	}
	a, errA := strconv.ParseInt(stored[4], 10, 64)
	b, errB := strconv.ParseInt(sent[4], 10, 64)
	return errA == nil && errB == nil && a == b
}
