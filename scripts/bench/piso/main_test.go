package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestFloor sends files of several sizes at once and looks for every byte.
func TestFloor(t *testing.T) {
	dir := t.TempDir()
	sizes := []int{0, 1, frameSize, frameSize + 1, 10*frameSize + 7}
	var want []byte
	for i, size := range sizes {
		content := bytes.Repeat([]byte{'a' + byte(i)}, size)
		want = append(want, content...)
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	received := filepath.Join(dir, "received")
	out, in := io.Pipe()
	results := make(chan error)
	go func() {
		results <- run([]string{"recibir", "-archivo", received, "-emisores", strconv.Itoa(len(sizes)), "-sync"}, in)
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for i := range sizes {
		go func() {
			results <- run([]string{"enviar", "-direccion", address[:len(address)-1], filepath.Join(dir, strconv.Itoa(i))}, io.Discard)
		}()
	}
	for range len(sizes) + 1 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	got, err := os.ReadFile(received)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got) // the senders' frames are mixed
	if !bytes.Equal(got, want) {
		t.Errorf("received %d bytes, not the %d that were sent", len(got), len(want))
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"pensar"}, {"enviar", "-direccion", "127.0.0.1:0", "/no/existe"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
