package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBothCountTheSame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bets.csv")
	rows := "1,Ana,Paz,1,1990-01-01,7574\r\n2,León,\"Di, Luca\",2,1990-01-01,1\r\n1,Eva,Sosa,3,1990-01-01,7574\r\n"
	if err := os.WriteFile(file, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, count := range map[string]func(string) (int, int, time.Duration, error){"draw": draw, "read": read} {
		if bets, winners, elapsed, err := count(file); bets != 3 || winners != 2 || elapsed <= 0 || err != nil {
			t.Errorf("%s: %d bets, %d winners in %v, %v", name, bets, winners, elapsed, err)
		}
		if _, _, _, err := count(file + ".none"); err == nil {
			t.Errorf("%s: read a file that does not exist", name)
		}
	}
}
